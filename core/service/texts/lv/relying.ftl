# Ceļš uz citiem pakalpojumiem.

enter_title = Pierakstīšanās pakalpojumā
enter_to = Lai turpinātu pakalpojumā
enter_more = { $client } prasa drošāku pierakstīšanos nekā tā, kas ir šajā pārlūkā. Izvēlieties, kā papildināt trūkstošo.
enter_again = { $client } lūdz vēlreiz apliecināt, ka tas esat jūs.
enter_app = Apstiprināt lietotnē
enter_other = Izmantot citu kontu
enter_back = Atvērt: { $client }
enter_done = Jūs esat pierakstījies
enter_elsewhere_title = Sāciet pakalpojumā no jauna
enter_elsewhere = Šī pierakstīšanās ir sākta citā pārlūkā vai pirms vairāk nekā pusstundas.
denied_people = { $client } ir tikai cilvēkiem, kurus šeit pievienojis administrators. Jūsu konts nav viens no tiem.
denied_device = { $client } prasa pierakstīties ar lietotni, bet jūsu kontam nav nevienas darbojošās mobilās ierīces. Pievienojiet to un tad vēlreiz atveriet pakalpojumu.
denied_level = { $client } prasa tādu pierakstīšanās veidu, kāda šeit nav.
denied_other = { $client } gaida citu personu, nevis to, kas šeit ir pierakstījusies. Izmantojiet attiecīgo kontu.
denied_desk = { $client } palīdzības dienests:
relying_unknown = Pakalpojums, kas jūs šurp atsūtīja, nav reģistrēts vai nav reģistrēts ar šo adresi. Tam nekas netika nosūtīts. Pastāstiet par to pakalpojuma uzturētājam.
relying_bad = Pakalpojuma, kas jūs šurp atsūtīja, pieprasījums ir nepareizs. Tam nekas netika nosūtīts. Pastāstiet par to pakalpojuma uzturētājam.
logout_title = Vai vēlaties izrakstīties?
logout_what = Jūs tiksiet izrakstīts šeit un tajos pakalpojumos, kurus atvērāt no šī pārlūka un kuri lūdz par to paziņot.
event_service-entered = Atvērts pakalpojums: { $detail }
