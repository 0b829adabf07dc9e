# Kopīgais visās lapās.

skip = Uz saturu
title_error = Kļūda
peek = Rādīt rakstzīmes
stop_footer = Pazudis tālrunis? STOP: dzēst visas manas ierīces
footer_help = Palīdzības dienests
footer_privacy = Privātums
footer_legal = Juridiskā informācija
footer_accessibility = Piekļūstamība
next = Tālāk
cancel = Atcelt
nav_label = Konts
nav_account = Mans konts
nav_devices = Mobilās ierīces
nav_transactions = Darījumi
nav_sign_out = Izrakstīties
first_name = Vārds
last_name = Uzvārds
email = E-pasta adrese
password = Parole
language = Valoda
told_signed_out = Izrakstīšanās ir pabeigta.
told_sign_in_first = Lai redzētu šo lapu, pierakstieties. Sesija beidzas pēc 30 minūtēm bez darbības un ne vēlāk kā 12 stundas pēc pierakstīšanās.
told_address_forgotten = Šis pārlūks adresi vairs neatceras.
told_cancelled = Pieprasījums ir atcelts.
told_device_added = Ierīce ir pievienota. Turpmāk pierakstieties ar to.
told_device_removed = Ierīce ir noņemta. Ar to vairs nevar ne pierakstīties šajā kontā, ne parakstīt. Noņemiet kontu arī tās lietotnē.
told_device_renamed = Ierīcei ir jauns nosaukums.
told_password_changed = Jaunā parole ir iestatīta. Pārējie pārlūki ir izrakstīti.
told_pin_set = Jaunais PIN ir iestatīts.
told_account_kept = Dzēšana ir atcelta. Konts paliek jums.
told_email_changed = E-pasta adrese ir nomainīta.
told_name_saved = Vārds ir saglabāts.
told_mails_saved = Turpmāk rakstīsim jums šajā valodā.
told_session_ended = Pārlūks ir izrakstīts.
told_sessions_ended = Visi pārējie pārlūki ir izrakstīti.
go_on = Turpināt
go_back = Atpakaļ
ask_again = Pieprasīt vēlreiz
ends_idle = Šī lapa kādu laiku nav lietota. Pierakstīšanās beigsies
ends_plain = Ja neatvērsiet citu lapu, pierakstīšanās beigsies
ends_last = Pierakstīšanās ilgst 12 stundas. Pabeidziet iesākto: tā beigsies
ends_stay = Pagarināt pierakstīšanos
ends_again = Pierakstīties vēlreiz
waits_left = Atlikušais laiks:
waits_until = Derīgs līdz
waits_lost = Nav savienojuma. Mēģinām vēlreiz…
waits_soon = Atlikusi mazāk nekā minūte.
waits_scripted = Šī lapa turpinās pati.
waits_plain = Kad tālrunī viss ir izdarīts, pārbaudiet šeit.
waits_check = Pārbaudīt vēlreiz
hours =
    { $hours ->
        [zero] { $hours } stundu
        [one] { $hours } stundu
       *[other] { $hours } stundas
    }
first_name_error_missing = Ierakstiet vārdu vai uzvārdu.
first_name_error_long = Vārds ir par garu: ne vairāk kā 60 rakstzīmju.
last_name_error_long = Uzvārds ir par garu: ne vairāk kā 60 rakstzīmju.
first_name_error_character = Vārdā drīkst būt tikai burti, atstarpes, defises un apostrofi.
last_name_error_character = Uzvārdā drīkst būt tikai burti, atstarpes, defises un apostrofi.
error_email = Šī nav e-pasta adrese. Ierakstiet to tā: vards@piemers.lv.
