# Iebūvētais privātuma paziņojums. Tajā teiktais atbilst tam, ko pakalpojums dara: LIMITS.md, policy/lifetimes.rs, store/steps/sweep.rs.

privacy_title = Privātuma paziņojums
privacy_intro = Ko { $service } par jums glabā, kāpēc un cik ilgi. Ar to jūs pierakstāties pakalpojumos, un citam nolūkam jūsu datus neizmanto.
privacy_account_title = Jūsu konts
privacy_account = Vārds, e-pasta adrese, vēstuļu valoda un parole tādā veidā, ka to var tikai pārbaudīt. Tos ierakstījāt jūs, vai arī vārdu un adresi ievadīja administrators. Tos glabā, līdz konts tiek dzēsts.
privacy_unconfirmed_title = Kamēr adrese nav apstiprināta
privacy_unconfirmed = Konta izveides veidlapā ierakstītos datus glabā šifrētus, līdz atverat vēstulē nosūtīto saiti. Ja adresi neapstiprina, datus pēc dienas dzēš, un konts netiek izveidots.
privacy_devices_title = Jūsu mobilās ierīces
privacy_devices = Jūsu dotais nosaukums, ierīces paziņotais modelis un sistēma, tās publiskās atslēgas, adrese, uz kuru sūtīt paziņojumus, un nepareizo PIN kodu skaits. Pakalpojums jūsu PIN neuzzina. Tos glabā, līdz ierīci noņemat.
privacy_requests_title = Pierakstīšanās un paraksti
privacy_requests =
    { $hours ->
        [zero] Neatbildētus pieprasījumus dzēš pēc { $hours } stundām.
        [one] Neatbildētus pieprasījumus dzēš pēc { $hours } stundas.
       *[other] Neatbildētus pieprasījumus dzēš pēc { $hours } stundām.
    } { $days ->
        [zero] Apstiprinājumus un darījumus ar parakstīto saturu kā pierādījumu glabā { $days } dienu.
        [one] Apstiprinājumus un darījumus ar parakstīto saturu kā pierādījumu glabā { $days } dienu.
       *[other] Apstiprinājumus un darījumus ar parakstīto saturu kā pierādījumu glabā { $days } dienas.
    }
privacy_history_title = Vēsture
privacy_history =
    { $days ->
        [zero] Konta vēsturē redzams, kas, kad un no kura pārlūka un vietas ar kontu darīts. To glabā { $days } dienu.
        [one] Konta vēsturē redzams, kas, kad un no kura pārlūka un vietas ar kontu darīts. To glabā { $days } dienu.
       *[other] Konta vēsturē redzams, kas, kad un no kura pārlūka un vietas ar kontu darīts. To glabā { $days } dienas.
    }
privacy_browsers_title = Sīkdatnes
privacy_browsers =
    Viena sīkdatne saglabā pierakstīšanos, ilgākais 12 stundas. Otra iezīmē pārlūku, kurā pierakstījāties, lai mēs jums ziņotu par pierakstīšanos citos pārlūkos un lai sveši cilvēki nevarētu liegt jums pierakstīties; { $days ->
        [zero] to aizmirst pēc { $days } dienām
        [one] to aizmirst pēc { $days } dienas
       *[other] to aizmirst pēc { $days } dienām
    }. Citas glabā izvēlēto valodu, vienu gadu, un e-pasta adreses, ko vēlējāties paturēt atmiņā. Ja veidlapa netiek pieņemta, sīkdatne vienu minūti glabā tajā ierakstīto, bet ne paroles. Ja lapai vispirms jāpierakstās, sīkdatne pusstundu glabā tās adresi. Reklāmas vai statistikas sīkdatņu nav.
privacy_backups_title = Rezerves kopijas un žurnāls
privacy_backups =
    { $days ->
        [zero] Drošības izmaiņu žurnālu glabā { $days } dienu, lai atjaunota rezerves kopija neatgrieztu ierīci, ko noņēmāt.
        [one] Drošības izmaiņu žurnālu glabā { $days } dienu, lai atjaunota rezerves kopija neatgrieztu ierīci, ko noņēmāt.
       *[other] Drošības izmaiņu žurnālu glabā { $days } dienas, lai atjaunota rezerves kopija neatgrieztu ierīci, ko noņēmāt.
    } Tajā ir adreses, uz kurām nosūtīts uzaicinājums vai uz kurām nomainīta konta adrese. Rezerves kopijās ir tie paši dati; cik ilgi tās glabā, jautājiet palīdzības dienestam.
privacy_mail_title = Vēstules jums
privacy_mail =
    Līdz nosūtīšanai tās glabā šifrētas. Vēstuli, ko nevar piegādāt, { $days ->
        [zero] dzēš pēc { $days } dienām
        [one] dzēš pēc { $days } dienas
       *[other] dzēš pēc { $days } dienām
    }.
privacy_network_title = Jūsu tīkla adrese
privacy_network = Pēc tās ierobežo, cik pieprasījumu nāk no vienas vietas, un to ieraksta drošības žurnālā, ko redz tikai uzturētājs. Cik ilgi to glabā, jautājiet palīdzības dienestam.
privacy_never_title = Kas saņem jūsu datus
privacy_never = Pakalpojumi, kuros pierakstāties, saņem jūsu vārdu. Vēstules iet caur pasta serveri un paziņojumi – caur paziņojumu dienestu; ne paziņojumā, ne tā dienestā nav redzams, par ko tas ir. Neviens cits jūsu datus nesaņem.
privacy_rights_title = Jūsu tiesības
privacy_rights = Savus datus redzat un varat labot lapā „Mans konts”. Tur tos var arī lejupielādēt un kontu dzēst. Ja nevarat pierakstīties, vērsieties palīdzības dienestā.
