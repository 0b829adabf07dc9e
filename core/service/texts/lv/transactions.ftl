# Paraugi, ko paraksta. Nosaukumi ir ne garāki par 30 baitiem, lauku nosaukumi par 20, padomi par
# 40: tos paraksta pakalpojums un rāda tālrunis.

code_title_7 = Parakstiet ar lietotni
code_step_7_1 = Lietotnē skenējiet kvadrātkodu.
code_step_7_2 = Lietotnē ierakstiet datus no saviem dokumentiem, nevis no šīs lapas.
code_step_7_3 = Ierakstiet kodu, ko parāda lietotne.
code_button_7 = Parakstīt
transactions_title = Darījumi
transactions_intro = Šie ir paraugdarījumi, ko paraksta ar lietotni. Nauda un vienības netiek pārvestas.
transactions_signed = Pēdējie parakstītie
transactions_none = Vēl nekas nav parakstīts. Izvēlieties darījumu augstāk.
transactions_button = Turpināt ar parakstīšanu
transactions_phone = Labāk parādīt manā tālrunī
transactions_phone_hint = Vai arī tālrunis parādīs, ko šeit ierakstījāt, un jūs to apstiprināsiet ar skaitli un PIN. Salīdziniet ar saviem dokumentiem.
transactions_typed_only = To nevar atsaukt, tāpēc dati jāieraksta arī tālrunī.
transactions_error_device = Darījumus paraksta ar mobilo ierīci, bet jums tādas vēl nav.
transactions_choose = Izvēlieties
transactions_example = Piemēram, { $example }
signed_title = Parakstīts
signed_text = Darījums ir parakstīts.
signed_next = Visi darījumi

transactions_title_trusted = Pārvedums uz uzticamu kontu
transactions_title_other = Pārvedums uz citu kontu
transactions_title_deletion = Pārveduma dzēšana
transactions_title_cancellation = Vienību anulēšana
transactions_title_exchange = Vienību apmaiņa
transactions_title_return = Vienību atgriešana
transactions_title_surrender = Vienību nodošana

transactions_word_trusted = Uz kontu no jūsu saraksta; jāieraksta mazāk.
transactions_word_other = Uz jebkuru kontu, kam ir IBAN.
transactions_word_deletion = Dzēš pārvedumu, kas vēl nav izpildīts.
transactions_word_cancellation = Vienības neatgriezeniski izņem no apgrozības.
transactions_word_exchange = Viena veida vienības pret cita veida vienībām.
transactions_word_return = Atdod vienības, kas saņemtas par daudz.
transactions_word_surrender = Nodod vienības par gadu.

transactions_label_iban = IBAN
transactions_label_name = Saņēmējs
transactions_label_amount = Summa, EUR
transactions_label_reference = Maksājuma mērķis
transactions_label_transfer = Pārveduma numurs
transactions_label_date = Izpildes datums
transactions_label_account = Konts
transactions_label_units = Vienības
transactions_label_reason = Iemesls
transactions_label_type = Vēlamais veids
transactions_label_year = Gads

transactions_hint_transfer = T un desmit cipari
transactions_hint_account = U un astoņi cipari

field_empty = Šis lauks ir jāaizpilda.
field_too_long = Par garu. Rakstzīmju skaits: { $found }, atļauts ne vairāk par { $longest }.
field_control = { $code } ir vadības rakstzīme. Ierakstiet to ar tastatūru, nevis ielīmējiet.
field_bidi = { $code } maina lasīšanas virzienu. Ierakstiet to ar tastatūru, nevis ielīmējiet.
field_invisible = { $code } ir neredzama rakstzīme. Ierakstiet to ar tastatūru, nevis ielīmējiet.
field_unknown = { $code } ir rakstzīme, ko rāda ne visas ierīces. Ierakstiet to ar tastatūru, nevis ielīmējiet.
field_digits = „{ $character }” nav cipars. Rakstiet tikai ciparus 0–9.
field_amount = Rakstiet summu kā 1234,50 vai 1234.50: ne vairāk par diviem cipariem aiz komata, bez zīmes.
field_amount_large = Šī summa ir par lielu: pirms komata var būt ne vairāk par divpadsmit cipariem.
field_iban = IBAN ir divi valsts burti, divi cipari, tad burti un cipari, kopā 15 līdz 34 rakstzīmes. Rakstiet, kā tas ir dokumentā.
field_iban_check = Šī IBAN kontrolcipari neatbilst: kāda rakstzīme ir nepareiza vai divas ir samainītas vietām. Salīdziniet ar dokumentu.
field_code = „{ $character }” šeit nevar būt. Rakstiet tikai lielos burtus A–Z un ciparus 0–9, bez atstarpēm.
field_date = Rakstiet kalendāra datumu, piemēram, 23.11.2026 vai 2026-11-23.
field_pattern = Formāts nav pareizs. Skatiet piemēru.
field_choice = Izvēlieties no saraksta.
