# Vēstules.

mail_register_subject = { $service }: apstipriniet savu e-pasta adresi
mail_register =
    Kāds, visticamāk jūs, vēlas ar šo e-pasta adresi izveidot kontu pakalpojumā { $service }.

    Lai turpinātu, 30 minūšu laikā atveriet šo saiti un izvēlieties paroli:
    { $link }

    Ja tas nebijāt jūs, nedariet neko. Bez šīs saites konts netiks izveidots.
mail_taken_subject = { $service }: jums jau ir konts
mail_taken =
    Kāds, visticamāk jūs, vēlas ar šo e-pasta adresi izveidot kontu pakalpojumā { $service }. Tai konts jau ir. Pierakstieties šeit:
    { $origin }/sign-in

    Ja tas nebijāt jūs, nedariet neko. Nekas nav mainīts.
mail_reset_subject = { $service }: iestatiet jaunu paroli
mail_reset =
    Kāds, visticamāk jūs, vēlas iestatīt jaunu paroli jūsu kontam pakalpojumā { $service }.

    Lai to izdarītu, 30 minūšu laikā atveriet šo saiti:
    { $link }

    Ja tas nebijāt jūs, nedariet neko un nedodiet šo saiti nevienam.
mail_reset-refused_subject = { $service }: parole netika nomainīta
mail_reset-refused =
    Kāds, visticamāk jūs, vēlas iestatīt jaunu paroli jūsu kontam pakalpojumā { $service }. Tagad to nevar: notiek konta atjaunošana, konts vispirms ir jāatjauno, vai arī neviena tā ierīce to nevar apstiprināt. Pierakstieties ar paroli, kas jums ir; lapa parādīs, ko darīt:
    { $origin }/sign-in

    Ja tas nebijāt jūs, nedariet neko. Nekas nav mainīts.
mail_stop-link_subject = { $service }: STOP
mail_stop-link =
    Kāds, visticamāk jūs, lūdza STOP lapu, kas dzēš visas jūsu konta ierīces pakalpojumā { $service }.

    Atveriet šo saiti 30 minūšu laikā. Tās lapa prasīs jūsu paroli:
    { $link }

    Ja tas nebijāt jūs, nedariet neko.
mail_confirm_subject = { $service }: apstipriniet izmaiņas
mail_confirm =
    Kāds, visticamāk jūs, ir pierakstījies jūsu kontā pakalpojumā { $service } un vēlas pievienot pirmo mobilo ierīci vai mainīt e-pasta adresi.

    30 minūšu laikā atveriet šo saiti pārlūkā, kurā to pieprasījāt, vai ielīmējiet to tur:
    { $link }

    JA TAS NEBIJĀT JŪS, jūsu paroli zina kāds cits. Neatveriet saiti. Nomainiet paroli šeit:
    { $origin }/account/password
mail_new-email_subject = { $service }: apstipriniet savu e-pasta adresi
mail_new-email =
    Kāds, visticamāk jūs, vēlas lietot šo e-pasta adresi kontam pakalpojumā { $service }.

    30 minūšu laikā atveriet šo saiti pārlūkā, kurā to pieprasījāt, vai ielīmējiet to tur:
    { $link }

    Ja tas nebijāt jūs, nedariet neko.
mail_undo-email_subject = { $service }: jūsu e-pasta adrese ir nomainīta
mail_undo-email =
    Jūsu konta e-pasta adrese pakalpojumā { $service } ir nomainīta. Vēstules tagad sūtām uz citu adresi.

    JA TAS NEBIJĀT JŪS, atsauciet maiņu šeit. To var izdarīt 14 dienas:
    { $link }

    Tad spēkā atkal būs šī adrese un parole, kas bija pirms maiņas, visi pārlūki tiks izrakstīti, un visas ierīces tiks noņemtas; ar tām jūs atjaunosiet kontu.
mail_undone_subject = { $service }: jūsu e-pasta adreses maiņa ir atsaukta
mail_undone =
    Pakalpojumā { $service } konta e-pasta adrese bija nomainīta uz šo, un no iepriekšējās adreses tas tagad ir atsaukts: vēstules atkal sūtām uz turieni, visi pārlūki ir izrakstīti, un visas ierīces ir noņemtas.

    Ja adresi mainījāt jūs un maiņu neatsaucāt, jūsu vecās adreses pastu lasa kāds cits. Tūlīt sazinieties ar pakalpojuma palīdzības dienestu.
mail_subject_many =
    { $service }: { $count ->
        [zero] { $count } notikumi
        [one] { $count } notikums
       *[other] { $count } notikumi
    }
mail_next_password-changed = Ja tas nebijāt jūs, kāds cits zina jūsu paroli un var lietot jūsu tālruni.
mail_next_password-reset = Ja tas nebijāt jūs, jūsu pastu lasa kāds cits.
mail_next_email-changed = Ja tas nebijāt jūs, atveriet vēstuli, kas nosūtīta uz veco adresi: ar tās saiti maiņu var atsaukt.
mail_subject = { $service }: { $event }
mail_hello = Labdien, { $first }!
mail_event =
    { $event }

    Konts: { $email }
    Kad: { $at } (UTC)
mail_next_few-tries-left = Ja tas bijāt jūs, nesteidzieties: pēc vēl diviem nepareiziem PIN pēc kārtas vai pēc šī PIN pēdējiem mēģinājumiem ierīce tiks bloķēta.
mail_next_many-wrong-pins = Ja tos ievadījāt jūs, viss ir kārtībā: ierīce tiek bloķēta pēc trīsdesmit nepareiziem PIN 30 dienās. Ja ne, iespējams, kāds min PIN ar jūsu tālruņa datu kopiju vai raksta kodus citā pārlūkā: noņemiet ierīci savu ierīču lapā un pievienojiet tālruni no jauna.
mail_next_device-blocked = Ar bloķētu ierīci nevar ne pierakstīties, ne parakstīt. Ja jums ir cita ierīce, pierakstieties ar to un savu ierīču lapā izvēlieties „Aizmirsts vai bloķēts PIN”. Ja nav, pierakstieties ar paroli un izvēlieties „Man vairs nav ierīces, kas darbojas”.
mail_next_device-suspended = Noņemiet to savu ierīču lapā un pievienojiet tālruni no jauna. Ja atjaunojāt tālruni no rezerves kopijas, iemesls bija tas. Ja ne, iespējams, kāds ir nokopējis tā datus.
mail_next_failed-tries = Konta vēsturē ir redzams, kas un cik reižu tika ievadīts nepareizi. Šādu vēstuli sūtām ne biežāk kā reizi dienā.
mail_next_new-browser = Turpmāk šis pārlūks ir pazīstams, un par to vairs nerakstīsim.
mail_next_reported-fraud = Pārlūks, kas to prasīja, ir izrakstīts. Ja prasīja kāds cits, viņš zina jūsu paroli.
mail_next_passwords-closed-unknown = Kāds daudzreiz ievadīja nepareizu paroli. Pārlūkā, kurā jau esat lietojis lietotni, lai pierakstītos, viss darbojas kā vienmēr; tāpat arī tālruņa pārlūkā ar „Šajā tālrunī”, un tas atkal atver pierakstīšanos jaunos pārlūkos. Ja nevarat ne tā, ne tā, iestatiet jaunu paroli ar „Aizmirsta parole” pierakstīšanās lapā.
mail_next_passwords-closed-known = Kāds, varbūt jūs, daudzreiz ievadīja nepareizu paroli jūsu lietotā pārlūkā. Pierakstieties tālruņa pārlūkā ar „Šajā tālrunī” vai iestatiet jaunu paroli ar „Aizmirsta parole” pierakstīšanās lapā.
mail_next_passwords-closed-stop = Kāds STOP lapā daudzreiz ievadīja nepareizu paroli. Ja jums vajag STOP, lūdziet tajā lapā saiti: tā atnāks uz šo adresi, un tās lapa pieņems jūsu paroli.
mail_next_passwords-closed-link = Lapās, ko atver saites no šīs pastkastes, daudzreiz tika ievadīta nepareiza parole. Ja tas nebijāt jūs, iespējams, jūsu pastu lasa kāds cits.
mail_stop =
    Ja tas nebijāt jūs, dzēsiet visas savas ierīces šeit:
    { $stop }
mail_recovery =
    Notiek konta atjaunošana.

    JA TO NESĀKĀT JŪS, atceliet to šeit:
    { $cancel }

    Ja sākāt jūs: no { $ripe } (UTC) atveriet šo saiti un ierakstiet paroli:
    { $finish }

    Nedodiet šīs saites nevienam.
mail_end = { $service }
