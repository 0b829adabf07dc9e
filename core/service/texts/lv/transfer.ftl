# Parauga darbība, ko paraksta ar lietotni.

code_title_7 = Parakstiet pārskaitījumu
code_step_7_1 = Lietotnē skenējiet kvadrātkodu.
code_step_7_2 = Lietotnē ierakstiet datus no saviem dokumentiem, nevis no šīs lapas.
code_step_7_3 = Ierakstiet kodu, ko parāda lietotne.
code_button_7 = Parakstīt
transfer_title = Pārskaitījums
transfer_intro = Parauga darbība, ko paraksta ar lietotni. Nauda netiek pārskaitīta.
transfer_iban = IBAN
transfer_name = Saņēmējs
transfer_amount = Summa, EUR
transfer_reference = Maksājuma mērķis
transfer_button = Turpināt ar parakstīšanu
transfer_phone = Labāk parādīt manā tālrunī
transfer_phone_hint = Vai arī tālrunis parādīs, ko šeit ierakstījāt, un jūs to apstiprināsiet ar skaitli un PIN. Salīdziniet ar saviem dokumentiem.
transfer_error_device = Pārskaitījumu paraksta ar mobilo ierīci, bet jums tādas vēl nav.
signed_title = Parakstīts
signed_text = Pārskaitījums ir parakstīts.
signed_next = Cits pārskaitījums
