# Mans konts, un kāpēc izmaiņas tiek noraidītas.

account_title = Mans konts
account_email = Jūsu e-pasta adrese: { $email }.
account_strength = Pierakstīšanās veids:
account_no_device = Jūsu kontu sargā tikai parole.
account_add = Pievienot mobilo ierīci
account_history = Vēsture
refused_disabled = Šis konts ir atspējots. Vērsieties palīdzības dienestā.
refused_recovering = Notiek konta atjaunošana. Kamēr tā nav pabeigta vai atcelta, šeit neko nevar mainīt. Atjaunošanu var atcelt ar saiti jebkurā mūsu vēstulē vai, ar PIN apstiprinot jebkuru pieprasījumu lietotnē.
refused_guarded = Šim kontam vairs nav nevienas ierīces, tāpēc vispirms konts ir jāatjauno. Izrakstieties, pierakstieties vēlreiz un izvēlieties „Man vairs nav ierīces, kas darbojas”.
refused_none_able = Neviena šī konta ierīce to nevar apstiprināt: tās ir bloķētas vai apturētas. Izrakstieties, pierakstieties vēlreiz un izvēlieties „Man vairs nav ierīces, kas darbojas”.
refused_nothing = Tas jau ir dzēsts vai noņemts, tāpēc nav ko mainīt.
refused_weak_password = Šī parole ir iestatīta tikai ar saiti no e-pasta, tāpēc pirmajā nedēļā ar to nevar pievienot pirmo ierīci, mainīt e-pasta adresi, kaut ko dzēst vai atjaunot kontu.
refused_changed = Konts pa to laiku mainījās, tāpēc nekas netika izdarīts. Sāciet no jauna.

# Kas kontā ir.
account_person = Personas dati
account_name = Vārds
account_mails = Mūsu e-pasta vēstuļu valoda
account_security = Pierakstīšanās un drošība
account_sessions = Aktīvās sesijas
account_sessions_count =
    { $count ->
        [zero] Pierakstīti { $count } pārlūki.
        [one] Pierakstīts { $count } pārlūks.
       *[other] Pierakstīti { $count } pārlūki.
    }
account_devices = Mobilās ierīces
account_devices_count =
    { $count ->
        [zero] { $count } ierīču.
        [one] { $count } ierīce.
       *[other] { $count } ierīces.
    }
account_devices_none = Vēl nevienas.
account_entered = Izmantotie pakalpojumi
account_entered_none = Ar šo kontu vēl nav izmantots neviens pakalpojums. Izmantotie būs redzami šeit.

sessions_title = Aktīvās sesijas
sessions_intro = Pārlūks tiek izrakstīts { $hours } stundas pēc pierakstīšanās vai tad, ja to nelieto { $minutes } minūtes. Ja kāds no tiem nav jūsu, izrakstiet to un nomainiet paroli.
sessions_own = Šis pārlūks
sessions_opened = Pierakstīts
sessions_used = Pēdējoreiz lietots
sessions_how = Pierakstīšanās veids
sessions_end = Izrakstīt
sessions_end_others = Izrakstīt visus pārējos pārlūkus
sessions_alone = Neviens cits pārlūks nav pierakstīts.

person_title = Personas dati
person_name = Jūsu vārds
person_name_hint = Pietiek ar vārdu vai uzvārdu. To redz jūsu tālruņi un pakalpojumi, kurus izmantojat.
person_name_button = Saglabāt vārdu
person_mails = Valoda
person_mails_hint = Šo lapu valodu izvēlas atsevišķi, lapas apakšā.
person_mails_button = Saglabāt valodu

account_data = Jūsu dati
account_export = Lejupielādēt savus datus
account_delete = Dzēst kontu
account_export_what = Viss, ko šis pakalpojums par jums glabā, datnē
account_delete_what = Neatgriezeniski, pēc gaidīšanas laika
account_deletion = Šis konts tiks dzēsts
account_deletion_cancel = Paturēt kontu
account_kept = Šo kontu bija paredzēts dzēst. Jūs pierakstījāties, tāpēc dzēšana ir atcelta.

export_title = Lejupielādēt savus datus
export_what = Datne ar visu, ko šis pakalpojums par jums glabā: vārds un adrese, ierīces, pierakstītie pārlūki, pieprasījumi un paraksti, vēstules un vēsture. Tajā nav ne paroles, ne atslēgu, ne kodu. Glabājiet to tur, kur neviens cits to nelasa.
export_proof = Datni var lejupielādēt vienu reizi, šajā pārlūkā, { $minutes } minūšu laikā pēc jūsu apstiprinājuma.
export_confirm = Apstiprināt tālrunī
export_password = Turpināt
export_ready = Jūsu dati ir sagatavoti. Lejupielādēt var vienu reizi, līdz
export_download = Lejupielādēt

delete_title = Dzēst kontu
delete_what = Viss, kas pieder kontam, tiks neatgriezeniski dzēsts: jūsu vārds un adrese, visas ierīces, parakstīto darījumu saraksts un vēsture. To vairs neviens nevarēs atjaunot. Pakalpojumi, kurus izmantojāt ar šo kontu, paturēs to, ko par jums zina; par to jautājiet to uzturētājiem.
delete_when =
    { $days ->
        [zero] Konts tiks dzēsts pēc { $days } dienām. Līdz tam dzēšanu var atcelt ar saiti mūsu vēstulēs vai vienkārši pierakstoties. Visi pārējie pārlūki tiek izrakstīti tūlīt.
        [one] Konts tiks dzēsts pēc { $days } dienas. Līdz tam dzēšanu var atcelt ar saiti mūsu vēstulēs vai vienkārši pierakstoties. Visi pārējie pārlūki tiek izrakstīti tūlīt.
       *[other] Konts tiks dzēsts pēc { $days } dienām. Līdz tam dzēšanu var atcelt ar saiti mūsu vēstulēs vai vienkārši pierakstoties. Visi pārējie pārlūki tiek izrakstīti tūlīt.
    }
delete_data = Vispirms lejupielādējiet savus datus
delete_link = Pēc tam šajā pārlūkā atveriet saiti, ko nosūtīsim uz jūsu e-pasta adresi.
delete_button = Dzēst kontu
delete_waits = Konts tiks dzēsts
delete_waits_until = Dienu iepriekš mēs jums uzrakstīsim. Dzēšanu var atcelt ar saiti mūsu vēstulēs vai vienkārši pierakstoties.
delete_keep = Paturēt kontu
deletion_cancel_title = Paturēt kontu
deletion_cancel_what = Kontu bija paredzēts dzēst. Jūs to tūlīt atcelsiet.
deletion_cancel_button = Paturēt kontu
deletion_cancelled_title = Jūsu konts ir paturēts
deletion_cancel_done = Dzēšana ir atcelta, un viss ir kā iepriekš. Ja to neprasījāt jūs, kāds cits var lietot jūsu kontu: nomainiet paroli.
deletion_over_title = Nav ko atcelt
deletion_over = Dzēšana jau ir atcelta, vai arī konts ir dzēsts.
