# Kopīgais visās lapās.

skip = Uz saturu
title_error = Kļūda
peek = Rādīt rakstzīmes
stop_footer = Pazudis tālrunis? STOP: dzēst visas manas ierīces
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
go_on = Turpināt
hours =
    { $hours ->
        [zero] { $hours } stundas
        [one] { $hours } stundu
       *[other] { $hours } stundas
    }
error_email = Šī nav e-pasta adrese. Ierakstiet to tā: vards@piemers.lv.
