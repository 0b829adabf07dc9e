# Ceļš uz citiem pakalpojumiem.

enter_title = Pierakstīšanās pakalpojumā
enter_to = Lai turpinātu pakalpojumā
enter_more = { $client } prasa drošāku pierakstīšanos nekā pašreizējā. Izvēlieties, kā vēl apliecināt, ka tas esat jūs.
enter_again = { $client } lūdz vēlreiz apliecināt, ka tas esat jūs.
enter_app = Apstiprināt lietotnē
enter_other = Izmantot citu kontu
enter_back = Atvērt: { $client }
enter_done = Pierakstīšanās ir pabeigta
enter_elsewhere_title = Sāciet pakalpojumā no jauna
enter_elsewhere = Šī pierakstīšanās ir sākta citā pārlūkā vai pirms vairāk nekā pusstundas.
denied_people = Pakalpojumu { $client } var izmantot tikai tie, kurus šeit pievienojis administrators. Jūsu konta to vidū nav.
denied_device = { $client } prasa pierakstīties ar lietotni, bet jūsu kontam nav nevienas darbojošās mobilās ierīces. Pievienojiet to un tad vēlreiz atveriet pakalpojumu.
denied_level = { $client } prasa tādu pierakstīšanās veidu, kāda šeit nav.
denied_other = { $client } gaida citu personu, nevis to, kas šeit ir pierakstījusies. Izmantojiet attiecīgo kontu.
denied_desk = { $client } palīdzības dienests:
relying_unknown = Pakalpojums, kas jūs šurp atsūtīja, nav reģistrēts vai nav reģistrēts ar šo adresi. Tam nekas netika nosūtīts. Pastāstiet par to pakalpojuma uzturētājam.
relying_bad = Pakalpojuma, kas jūs šurp atsūtīja, pieprasījums ir nepareizs. Tam nekas netika nosūtīts. Pastāstiet par to pakalpojuma uzturētājam.
logout_title = Vai vēlaties izrakstīties?
logout_what = Jūsu sesija tiks beigta šeit un tajos no šī pārlūka atvērtajos pakalpojumos, kuri lūdz par to paziņot.
event_service-entered = Atvērts pakalpojums: { $detail }
