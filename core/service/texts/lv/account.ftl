# Mans konts, un kāpēc izmaiņas tiek noraidītas.

account_title = Mans konts
account_email = Jūsu e-pasta adrese: { $email }.
account_strength = Pierakstīšanos apliecināja:
account_no_device = Jūsu kontu sargā tikai parole.
account_add = Pievienot mobilo ierīci
account_history = Vēsture
refused_disabled = Šis konts ir atspējots. Vērsieties pie tā, kas uztur šo pakalpojumu.
refused_recovering = Notiek konta atjaunošana. Kamēr tā nav pabeigta vai atcelta, šeit neko nevar mainīt. To atceļ saite jebkurā mūsu vēstulē, kā arī apstiprinājums ar PIN.
refused_guarded = Šim kontam vairs nav nevienas ierīces, tāpēc vispirms konts ir jāatjauno. Izrakstieties, pierakstieties vēlreiz un izvēlieties „Man vairs nav ierīces, kas darbojas”.
refused_none_able = Neviena šī konta ierīce to nevar apstiprināt: tās ir bloķētas vai apturētas. Izrakstieties, pierakstieties vēlreiz un izvēlieties „Man vairs nav ierīces, kas darbojas”.
refused_nothing = Nav ko mainīt: tā jau vairs nav.
refused_weak_password = Parole pirms mazāk nekā nedēļas tika iestatīta tikai ar e-pastā saņemtu saiti. Kamēr nedēļa nav pagājusi, ar to nevar dzēst jūsu ierīces vai atjaunot kontu.
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
account_entered_none = Ar šo kontu vēl neesat izmantojuši nevienu pakalpojumu. Šeit redzēsiet tos, kuros būsiet pierakstījušies.

sessions_title = Aktīvās sesijas
sessions_intro = Pārlūks tiek izrakstīts { $hours } stundas pēc pierakstīšanās vai tad, ja to nelieto { $minutes } minūtes. Ja kāds no tiem nav jūsu, izrakstiet to un nomainiet paroli.
sessions_own = Šis pārlūks
sessions_opened = Pierakstīts
sessions_used = Pēdējoreiz lietots
sessions_how = Apliecināja
sessions_end = Izrakstīt
sessions_end_others = Izrakstīt visus pārējos pārlūkus
sessions_ended = Pārlūks ir izrakstīts.
sessions_all_ended = Visi pārējie pārlūki ir izrakstīti.
sessions_alone = Neviens cits pārlūks nav pierakstīts.

person_title = Personas dati
person_name = Jūsu vārds
person_name_hint = Pietiek ar vienu no abiem. To redz jūsu tālruņi un pakalpojumi, kurus izmantojat.
person_name_button = Saglabāt vārdu
person_name_saved = Vārds ir saglabāts.
person_mails = Valoda
person_mails_hint = Šo lapu valodu izvēlas atsevišķi, lapas apakšā.
person_mails_button = Saglabāt valodu
person_mails_saved = Turpmāk rakstīsim jums šajā valodā.
