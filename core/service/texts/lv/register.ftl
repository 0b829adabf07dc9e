# Konta izveide.

privacy = Paziņojums par datu privātumu ir izlasīts, un es piekrītu, ka mani dati tiek izmantoti, lai mani pierakstītu.
register_title = Konta izveide
register_button = Izveidot kontu
register_have = Man jau ir konts: pierakstīties
register_error_name = Ierakstiet vārdu un uzvārdu, katru ne garāku par 60 rakstzīmēm.
register_error_privacy = Lai turpinātu, atzīmējiet lodziņu par datu privātumu.
register_hint = Uz šo adresi nosūtīsim saiti. Atveriet to, lai izvēlētos paroli.
register_sent = Ja viss ir kārtībā, vēstule jau ir ceļā uz { $email }. 30 minūšu laikā atveriet tajā norādīto saiti šajā vai citā pārlūkā un izvēlieties paroli.
register_confirm = Adrese ir apstiprināta. Pārbaudiet savu vārdu un izvēlieties paroli.
