# Vēstules. Teksts, kura nosaukums beidzas ar _link, _cancel, _finish vai _password, ir saites uzraksts.

mail_register_subject = { $service }: apstipriniet savu e-pasta adresi
mail_register = Kāds, visticamāk jūs, vēlas ar šo e-pasta adresi izveidot kontu pakalpojumā { $service }. Lai turpinātu, 30 minūšu laikā atveriet šo saiti un izvēlieties paroli.
mail_register_link = Apstiprināt adresi
mail_register_not-you = Ja tas nebijāt jūs, nedariet neko. Bez šīs saites konta nebūs.
mail_taken_subject = { $service }: jums jau ir konts
mail_taken = Kāds, visticamāk jūs, vēlas ar šo e-pasta adresi izveidot kontu pakalpojumā { $service }. Tai konts jau ir.
mail_taken_link = Pierakstīties
mail_taken_not-you = Ja tas nebijāt jūs, nedariet neko. Nekas nav mainījies.
mail_reset_subject = { $service }: iestatiet jaunu paroli
mail_reset = Kāds, visticamāk jūs, vēlas iestatīt jaunu paroli jūsu kontam pakalpojumā { $service }. Lai to izdarītu, 30 minūšu laikā atveriet šo saiti.
mail_reset_link = Iestatīt jaunu paroli
mail_reset_not-you = Ja tas nebijāt jūs, nedariet neko un nevienam šo saiti nedodiet.
mail_reset-refused_subject = { $service }: parole netika nomainīta
mail_reset-refused = Kāds, visticamāk jūs, vēlas iestatīt jaunu paroli jūsu kontam pakalpojumā { $service }. Tagad tas nav iespējams: notiek konta atjaunošana, konts vispirms jāatjauno, konts ir atspējots, vai arī nav ierīces, ar ko jauno paroli apstiprināt. Pierakstieties ar paroli, kas jums ir; lapa parādīs, kā rīkoties tālāk.
mail_reset-refused_link = Pierakstīties
mail_reset-refused_not-you = Ja tas nebijāt jūs, nedariet neko. Nekas nav mainījies.
mail_stop-link_subject = { $service }: STOP
mail_stop-link = Kāds, visticamāk jūs, lūdza saiti uz STOP lapu, kas dzēš visas jūsu konta ierīces pakalpojumā { $service }. Saite darbojas 30 minūtes, un lapā, ko tā atver, varēsiet ievadīt savu paroli.
mail_stop-link_link = Atvērt STOP lapu
mail_stop-link_not-you = Ja tas nebijāt jūs, nedariet neko.
mail_confirm_subject = { $service }: apstipriniet izmaiņas
mail_confirm = Kāds, visticamāk jūs, ir pierakstījies jūsu kontā pakalpojumā { $service } un vēlas pievienot pirmo mobilo ierīci, mainīt e-pasta adresi vai dzēst kontu. 30 minūšu laikā atveriet šo saiti pārlūkā, kurā to pieprasījāt, vai ielīmējiet to tur.
mail_confirm_link = Apstiprināt izmaiņas
mail_confirm_not-you = JA TAS NEBIJĀT JŪS, jūsu paroli zina kāds cits. Neatveriet saiti „Apstiprināt izmaiņas”. Nomainiet paroli.
mail_confirm_password = Mainīt paroli
mail_new-email_subject = { $service }: apstipriniet savu e-pasta adresi
mail_new-email = Kāds, visticamāk jūs, vēlas lietot šo e-pasta adresi kontam pakalpojumā { $service }. 30 minūšu laikā atveriet šo saiti pārlūkā, kurā to pieprasījāt, vai ielīmējiet to tur.
mail_new-email_link = Apstiprināt adresi
mail_new-email_not-you = Ja tas nebijāt jūs, nedariet neko.
mail_undo-email_subject = { $service }: jūsu e-pasta adrese ir nomainīta
mail_undo-email = Jūsu konta e-pasta adrese pakalpojumā { $service } ir nomainīta. 14 dienas vēstules sūtīsim uz abām adresēm, un ar saiti šajā vēstulē maiņu varat atsaukt.
mail_undo-email_link = Atsaukt maiņu
mail_undo-email_not-you = JA TAS NEBIJĀT JŪS, atsauciet to tūlīt. Tad spēkā atkal būs šī adrese un parole, kas bija pirms maiņas, visi pārlūki tiks izrakstīti, un visas ierīces tiks noņemtas; pēc tam pierakstieties ar šo paroli un atjaunojiet kontu.
mail_undone_subject = { $service }: e-pasta adreses maiņa ir atsaukta
mail_undone = Pakalpojumā { $service } konta e-pasta adrese bija nomainīta uz šo adresi. Maiņa tagad ir atsaukta no iepriekšējās adreses: vēstules atkal sūtīsim uz to, visi pārlūki ir izrakstīti, un visas ierīces ir noņemtas.
mail_undone_not-you = Ja adresi mainījāt jūs, bet maiņu neatsaucāt, tad jūsu vecās adreses pastu lasa kāds cits. Tūlīt par to ziņojiet palīdzības dienestam.

# Paziņojumi par notikumiem.

mail_subject = { $service }: { $event }
mail_subject_many = { $service }: { $count ->
        [zero] { $count } notikumi
        [one] { $count } notikums
       *[other] { $count } notikumi
    }
mail_hello = Labdien, { $name }!
mail_fact_account = Konts
mail_fact_when = Laiks
mail_fact_where = No kurienes
mail_stop = Ja jūsu kontu lieto kāds cits, STOP dzēš visas tā ierīces un izraksta visus pārlūkus. Būs jāievada jūsu parole.
mail_stop_link = Atvērt STOP lapu
mail_undo = Šī konta adrese ir nomainīta. No šīs pastkastes maiņu vēl var atsaukt: tad spēkā atkal būs šī adrese un parole, kas bija pirms maiņas, visi pārlūki tiks izrakstīti, un visas ierīces tiks noņemtas.
mail_recovery = Notiek konta atjaunošana. Kamēr tā nav beigusies, e-pasta adresi, paroli un ierīces nevar mainīt. JA JŪS TO NESĀKĀT, atceliet to.
mail_recovery_by-operator = Administrators ir sācis konta atjaunošanu. Kamēr tā nav beigusies, e-pasta adresi, paroli un ierīces nevar mainīt. JA JŪS TO NELŪDZĀT, atceliet to un pasakiet administratoram.
mail_recovery_staff = Kāds ir atvēris uzaicinājumu un iestatījis jaunu paroli, un rit gaidīšanas laiks. Kamēr tas nav beidzies, kontā neko nevar mainīt. JA TAS NEBIJĀT JŪS, atceliet to un tūlīt pasakiet administratoram.
mail_recovery_cancel = Atcelt atjaunošanu
mail_recovery_yours = Ja to sākāt jūs: atveriet šo saiti ne agrāk kā { $ripe } un ierakstiet paroli.
mail_recovery_yours_asked = Ja to lūdzāt jūs: atveriet šo saiti ne agrāk kā { $ripe } un ierakstiet paroli.
mail_recovery_yours_staff = Ja tas bijāt jūs: atveriet šo saiti ne agrāk kā { $ripe } un ierakstiet paroli.
mail_recovery_finish = Atjaunot kontu
mail_recovery_secret = Šīs saites nevienam nedodiet.
mail_end = { $service }

# Ko darīt pēc katra notikuma.

mail_next_device-added = Ja to pievienojāt jūs, nekas nav jādara. Ja ne, ar to var pierakstīties un parakstīt kāds cits: dzēsiet visas ierīces ar STOP.
mail_next_device-removed = Ar to vairs nevar ne pierakstīties, ne parakstīt. Ja to nenoņēmāt jūs, kādu no jūsu ierīcēm lieto kāds cits: dzēsiet visas ierīces ar STOP.
mail_next_device-removed-itself = Ja kontu lietotnē noņēmāt jūs, nekas nav jādara. Ja ne, kāds ir lietojis jūsu atbloķēto tālruni: nomainiet paroli.
mail_next_last-device-removed = Ja to nenoņēmāt jūs, tūlīt ziņojiet palīdzības dienestam.
mail_next_pin-changed = Ja to mainījāt jūs, nekas nav jādara. Ja ne, kādam ir jūsu tālrunis, un viņš zināja tā PIN: dzēsiet visas ierīces ar STOP.
mail_next_pin-set-anew = Ja to darījāt jūs, nekas nav jādara. Ja ne, kādam ir divas jūsu ierīces: dzēsiet visas ierīces ar STOP.
mail_next_biometrics-on = Turpmāk šajā ierīcē PIN vietā der pirksta nospiedums vai seja. Ja to neieslēdzāt jūs, kādam ir jūsu tālrunis, un viņš zina tā PIN: dzēsiet visas ierīces ar STOP.
mail_next_biometrics-off = Turpmāk šajā ierīcē atkal jāievada PIN. Ja to neizslēdzāt jūs, pārbaudiet, vai tālrunis ir pie jums; ja nav, dzēsiet visas ierīces ar STOP.
mail_next_device-suspended = Noņemiet to ierīču lapā un pievienojiet tālruni no jauna. Ja tālruni atjaunojāt no rezerves kopijas, iemesls ir tas. Ja ne, iespējams, kāds ir nokopējis tā datus.
mail_next_device-blocked = Ar bloķētu ierīci nevar ne pierakstīties, ne parakstīt. Ja jums ir cita ierīce, pierakstieties ar to un ierīču lapā izvēlieties „Iestatīt jaunu PIN”. Ja citas nav, pierakstieties ar paroli un izvēlieties „Man vairs nav ierīces, kas darbojas”.
mail_next_device-blocked_staff = Ar bloķētu ierīci nevar ne pierakstīties, ne parakstīt. Ja jums ir cita ierīce, pierakstieties ar to un ierīču lapā izvēlieties „Iestatīt jaunu PIN”. Ja citas nav, pasakiet to administratoram.
mail_next_few-tries-left = Ja tas bijāt jūs, nesteidzieties: pēc vēl diviem nepareiziem PIN ierīce tiks bloķēta. Ja ne, jūsu tālrunis ir kādam citam: dzēsiet visas ierīces ar STOP.
mail_next_many-wrong-pins = Ierīce tiks bloķēta pēc trīsdesmit nepareiziem PIN 30 dienās. Ja tos ievadījāt jūs, nekas nav jādara. Ja ne, iespējams, kāds mēģina uzminēt PIN ar jūsu tālruņa datu kopiju vai ievada kodus citā pārlūkā: noņemiet ierīci ierīču lapā un pievienojiet tālruni no jauna.
mail_next_enrolment-void = Ja tas bijāt jūs, sāciet no jauna ierīču lapā. Ja ne, jūsu kontā ir pierakstījies kāds cits: nomainiet paroli.
mail_next_reported-fraud = Pārlūks, kas to pieprasīja, ir izrakstīts. Ja to pieprasīja kāds cits, viņš zina jūsu paroli: nomainiet to.
mail_next_failed-tries = Konta vēsturē redzams, kas un cik reižu tika ievadīts nepareizi. Ja tas nebijāt jūs, nekas nav jādara: mēģinājumu skaits ir ierobežots. Šādu vēstuli sūtām ne biežāk kā reizi dienā.
mail_next_name-changed = Ja to mainījāt jūs, nekas nav jādara. Ja ne, jūsu kontā ir pierakstījies kāds cits: pierakstieties, apskatiet „Aktīvās sesijas” un nomainiet paroli.
mail_next_language-changed = Ja šo valodu izvēlējāties jūs, nekas nav jādara. Ja ne, jūsu kontā ir pierakstījies kāds cits: pierakstieties, apskatiet „Aktīvās sesijas” un nomainiet paroli.
mail_next_device-renamed = Ja to pārdēvējāt jūs, nekas nav jādara. Ja ne, jūsu kontā ir pierakstījies kāds cits: pierakstieties, apskatiet „Aktīvās sesijas” un nomainiet paroli.
mail_next_session-ended = Ja šo pārlūku izrakstījāt jūs, nekas nav jādara. Ja ne, jūsu kontā ir pierakstījies kāds cits: pierakstieties, apskatiet „Aktīvās sesijas” un nomainiet paroli.
mail_next_sessions-ended = Ja tos izrakstījāt jūs, nekas nav jādara. Ja ne, jūsu kontā ir pierakstījies kāds cits: pierakstieties, apskatiet „Aktīvās sesijas” un nomainiet paroli.
mail_next_new-browser = Ja tas bijāt jūs, nekas nav jādara: šis pārlūks nu ir pazīstams, un par to vairs nerakstīsim. Ja ne, jūsu kontā var pierakstīties kāds cits: nomainiet paroli un dzēsiet visas ierīces ar STOP.
mail_next_passwords-closed-unknown = Kāds daudzreiz ievadīja nepareizu paroli. Pārlūkā, kurā jau pierakstījāties ar lietotni, pierakstieties kā parasti, bet tālruņa pārlūkā – ar „Pierakstīties šajā tālrunī”; tad atkal varēs pierakstīties arī jaunos pārlūkos. Ja nekas no tā neizdodas, pierakstīšanās lapā iestatiet jaunu paroli ar „Aizmirsta parole”.
mail_next_passwords-closed-known = Jūs vai kāds cits pārlūkā, ko lietojāt, daudzreiz ievadīja nepareizu paroli. Pierakstieties ar „Pierakstīties šajā tālrunī” tālruņa pārlūkā vai pierakstīšanās lapā iestatiet jaunu paroli ar „Aizmirsta parole”.
mail_next_passwords-closed-stop = Kāds STOP lapā daudzreiz ievadīja nepareizu paroli. Ja STOP ir vajadzīgs, tajā pašā lapā lūdziet saiti: to nosūtīsim uz šo adresi, un lapā, ko tā atver, varēsiet ievadīt savu paroli.
mail_next_passwords-closed-link = Lapās, ko atvēra saites no šīs pastkastes, daudzreiz tika ievadīta nepareiza parole. Ja tas nebijāt jūs, iespējams, jūsu pastu lasa kāds cits: nomainiet pastkastes paroli.
mail_next_password-changed = Ja to mainījāt jūs, nekas nav jādara. Ja ne, kāds zina jūsu paroli un var lietot jūsu tālruni: pierakstīšanās lapā iestatiet jaunu paroli ar „Aizmirsta parole”.
mail_next_password-reset = Ja tas bijāt jūs, nekas nav jādara. Ja ne, jūsu pastu lasa kāds cits: nomainiet pastkastes paroli un pēc tam šo.
mail_next_password-by-invitation = Ir sācies gaidīšanas laiks. Kad tas būs beidzies, varēsiet pievienot tālruni.
mail_next_email-changed = Ja tas nebijāt jūs, atveriet vēstuli, kas nosūtīta uz veco adresi: tās saite maiņu atsauc.
mail_next_email-undone = Pierakstieties ar paroli, kas bija pirms maiņas, un atjaunojiet kontu. Ja maiņu neatsaucāt jūs, šo pastkasti lasa kāds cits: vispirms nomainiet tās paroli.
mail_next_panic = Neviens nevar pierakstīties, kamēr konts nav atjaunots. Ja STOP nespiedāt jūs, jūsu paroli zina kāds cits; atjaunošana ilgst pietiekami ilgi, lai jūs paspētu to atcelt.
mail_next_panic_staff = Ja STOP nespiedāt jūs, jūsu paroli zina kāds cits: tūlīt pasakiet to administratoram.
mail_next_recovery-began = Kamēr tā nav pabeigta vai atcelta, e-pasta adresi, paroli un ierīces nevar mainīt.
mail_next_recovery-link = Gaidīšanas laiks nav mainījies.
mail_next_recovery-cancelled = Dzēstais paliek dzēsts. Ja atjaunošana ir vajadzīga, pierakstieties ar paroli un sāciet to no jauna. Ja to nesākāt jūs, jūsu paroli zina kāds cits: nomainiet to.
mail_next_recovery-cancelled_guarded = Dzēstais paliek dzēsts. Ja atjaunošanu nesākāt jūs, jūsu paroli zina kāds cits: atjaunojot kontu, izvēlēsieties jaunu paroli.
mail_next_recovery-cancelled_staff = Dzēstais paliek dzēsts. Ja jūsu uzaicinājumu atvēra kāds cits, tūlīt pasakiet to administratoram.
mail_next_recovery-done = Turpmāk der tikai jaunā parole un ierīce, ko tagad pievienosiet. Ja tas nebijāt jūs, tūlīt ziņojiet palīdzības dienestam.
mail_next_recovery-restored = Ja tā ir vajadzīga, pierakstieties ar paroli un sāciet to no jauna.
mail_next_recovery-restored_staff = Lūdziet administratoram nosūtīt uzaicinājumu vēlreiz: tas, ko pieņēmāt, vairs neder.

# Datu lejupielāde un konta dzēšana.

mail_next_export-asked = Ja tos prasījāt jūs, nekas nav jādara. Ja ne, tie tagad ir kādam citam, kas var lietot jūsu kontu: dzēsiet visas ierīces ar STOP.
mail_next_deletion-asked = Visi pārējie pārlūki ir izrakstīti.
mail_next_deletion-near = Ja to vēlaties, nekas nav jādara.
mail_next_deletion-cancelled = Viss ir kā iepriekš. Ja dzēšanu neprasījāt jūs, kāds cits var lietot jūsu kontu: nomainiet paroli un apskatiet savas ierīces.
mail_deletion = Šis konts ar visu, kas tam pieder, tiks dzēsts { $due }. JA TO NEPRASĪJĀT JŪS vai domas ir mainījušās, atceliet to: ar šo saiti vai pierakstoties.
mail_deletion_cancel = Paturēt kontu
mail_deleted_subject = { $service }: jūsu konts ir dzēsts
mail_deleted = Jūsu { $service } konts ar visu, kas tam piederēja, ir dzēsts, kā to lūdzāt. Šī ir mūsu pēdējā vēstule.
mail_deleted_not-you = Ja to nelūdzāt jūs, vērsieties pakalpojuma palīdzības dienestā.
