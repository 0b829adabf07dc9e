# Ierīces, to pievienošana un PIN.

devices_add_link = Pēc tam šajā pārlūkā atveriet saiti, ko nosūtīsim uz jūsu e-pasta adresi.
devices_title = Mobilās ierīces
devices_none = Ierīču vēl nav.
devices_since = Pievienota
devices_used = pēdējoreiz lietota
devices_manage = Pārvaldīt
devices_new_name = Jaunais nosaukums
devices_rename_button = Pārdēvēt
devices_removed = Ierīce ir noņemta. Ar to vairs nevar ne pierakstīties šajā kontā, ne parakstīt. Noņemiet kontu arī tās lietotnē.
devices_recovery = Notiek konta atjaunošana. Kamēr tā nav pabeigta vai atcelta, ierīces nevar ne pievienot, ne noņemt. To atceļ saite jebkurā mūsu vēstulē, kā arī apstiprinājums ar PIN.
devices_blocked_next = Ar to nevar ne pierakstīties, ne parakstīt, kamēr nav iestatīts jauns PIN.
devices_suspended_next = Noņemiet to šeit un pievienojiet tālruni no jauna. Ja tālruni neatjaunojāt no rezerves kopijas, iespējams, kāds ir nokopējis tā datus.
devices_remove = Noņemt: { $name }
devices_unblock = Aizmirsts vai bloķēts PIN: { $name }
devices_unblock_alone = PIN ir aizmirsts vai bloķēts? Jauns PIN jāapstiprina ar citu ierīci. Ja citas nav, izrakstieties, pierakstieties vēlreiz un izvēlieties „Man vairs nav ierīces, kas darbojas”.
devices_error_other = Lai apstiprinātu jauno PIN, izvēlieties citu ierīci, kas darbojas.
devices_add = Pievienot mobilo ierīci
devices_add_first = Vispirms tas būs jāapstiprina ar ierīci, kas jums jau ir.
devices_add_button = Pievienot mobilo ierīci
devices_name = Ierīces nosaukums
devices_name_example = Mans tālrunis
devices_with = Apstiprināt ar
devices_full = Kontam jau ir desmit ierīces. Lai pievienotu vēl kādu, vienu noņemiet.
devices_error_name = Ierakstiet nosaukumu, kas nav garāks par 40 burtiem (burts ar garumzīmi vai mīkstinājumu skaitās kā divi).
devices_error_with = Izvēlieties ierīci, ar ko apstiprināt. Ar bloķētu vai apturētu ierīci to nevar.
devices_last = Šī ir jūsu vienīgā ierīce. Ja vēlaties turpināt lietot kontu, vispirms pievienojiet citu. Bez nevienas ierīces konts būs jāatjauno, un tas ilgst { hours }.
device_active = lietošanā
device_blocked = bloķēta pēc pārāk daudziem nepareiziem PIN
device_suspended = apturēta, jo tika pamanīta tās kopija
new_pin_title = Tagad izvēlieties jaunu PIN tālrunī
new_pin_what = Jauns PIN ierīcei { $name } ir apstiprināts ar citu ierīci.
new_pin_step_1 = Ierīcē { $name } atveriet lietotni un izvēlieties „Aizmirsts PIN”.
new_pin_step_2 = Desmit minūšu laikā izvēlieties tur jaunu PIN.
new_pin_waiting = Gaidām tālruni. Šī lapa turpinās pati.
enrolment_title = Mobilās ierīces pievienošana
enrolment_step_1 = Tālrunī atveriet lietotni un izvēlieties „Inicializēt”.
enrolment_step_2 = Skenējiet šo kvadrātkodu.
enrolment_step_3 = Izvēlieties PIN tālrunī. Tas parādīs sešus ciparus, kas jāieraksta šeit.
enrolment_waiting = Gaidām tālruni. Kods der piecas minūtes; neļaujiet nevienam to nofotografēt.
enrolment_model = Kodu skenēja šis tālrunis:
enrolment_check = Vai tas ir jūsējais? Tad ierakstiet sešus ciparus, ko tas rāda. Ja tas nav jūsu tālrunis, aizveriet šo lapu: nekas netiks pievienots.
enrolment_code = Seši cipari no tālruņa
enrolment_left =
    { $left ->
        [zero] Atlikuši { $left } mēģinājumi.
        [one] Atlicis { $left } mēģinājums.
       *[other] Atlikuši { $left } mēģinājumi.
    }
enrolment_button = Pievienot šo tālruni
enrolment_finishing = Tālrunis pabeidz iestatīšanu. Šī lapa turpinās pati.
enrolment_void = Tas neizdevās: laiks ir beidzies, vai arī PIN vai cipari trīs reizes bija nepareizi. Sāciet no jauna.
enrolment_error_form = Ierakstiet sešus ciparus, ko rāda tālrunis.
enrolment_error_wrong = Tie nav tie cipari, ko rāda tālrunis. Pārbaudiet tos.
pin_no_script = Lai PIN izvēlētos šeit, lapai vajag JavaScript. Bez tā izvēlieties PIN tālrunī.
pin_intro = Izvēlieties jaunā tālruņa lietotnes PIN. Tas paliek šajā lapā: to neuzzina ne pakalpojums, ne kāds cits.
pin_label = Jaunais PIN, četri cipari
pin_rule = Ne datums, ne gads, ne četri vienādi cipari vai cipari pēc kārtas.
pin_again = Tas pats PIN vēlreiz
pin_button = Parādīt kvadrātkodu
pin_error_form = PIN ir tieši četri cipari no 0 līdz 9: ierakstiet visus četrus.
pin_error_differ = Abi PIN nav vienādi. Ierakstiet tos vēlreiz.
pin_error_failed = Kodu neizdevās izveidot. Ielādējiet lapu vēlreiz; ja laiks ir beidzies, sāciet no jauna.
pin_guessable_equal = Četrus vienādus ciparus ir viegli uzminēt. Izvēlieties citu PIN.
pin_guessable_run = Ciparus pēc kārtas ir viegli uzminēt. Izvēlieties citu PIN.
pin_guessable_year = Dzimšanas gadu ir viegli uzminēt. Izvēlieties citu PIN.
pin_guessable_date = Dzimšanas dienu ir viegli uzminēt. Izvēlieties citu PIN.
pin_guessable_common = Šo PIN izvēlas daudzi, tāpēc to ir viegli uzminēt. Izvēlieties citu.
pin_scan_title = Skenējiet kodu ar tālruni
pin_qr_label = Kvadrātkods lietotnei
pin_step_1 = Tālrunī atveriet lietotni un izvēlieties „Inicializēt”.
pin_step_2 = Skenējiet šo kvadrātkodu.
pin_step_3 = Ievadiet tikko izvēlēto PIN.
pin_waiting = Gaidām tālruni. Lapa turpinās pati. Neļaujiet nevienam nofotografēt kodu.
pin_on_phone_hint = Lietotne ir šajā ierīcē, vai arī PIN labāk izvēlēties tālrunī?
pin_on_phone = Izvēlēties PIN tālrunī
