# Konti, ko pārvalda administrators, un tas, ko ar kontiem dara operatori.

event_admin-added = Administrators { $detail } izveidoja kontu
event_admin-invited = Administrators { $detail } nosūtīja uzaicinājumu
event_admin-disabled = Administrators { $detail } atspējoja kontu
event_admin-enabled = Administrators { $detail } atkal iespējoja kontu
event_admin-unblocked = Administrators { $detail } atcēla paroļu un kodu bloķēšanu
event_admin-reset = Administrators { $detail } izdzēsa visas ierīces un izrakstīja visus pārlūkus
event_admin-renamed = Administrators { $detail } nomainīja vārdu
event_admin-deleted = Administrators { $detail } izdzēsa kontu
event_admin-dropped-mail = Administrators { $detail } izdzēsa jums adresētu vēstuli, ko nevarēja piegādāt

mail_next_admin-disabled = Ja nezināt iemeslu, jautājiet palīdzības dienestam.
mail_next_admin-enabled = Varat atkal pierakstīties ar to pašu paroli un tām pašām ierīcēm.
mail_next_admin-enabled_reset = Ierīces, kas jums bija, pirms tam tika dzēstas.
mail_next_admin-unblocked = Parole un PIN ir tie paši, kas iepriekš, un PIN mēģinājumu skaits nav atjaunots.
mail_next_admin-reset = Ja jūs to nelūdzāt, tūlīt ziņojiet palīdzības dienestam.
mail_next_admin-renamed = To redzat savu personas datu lapā. Ja vārds nav pareizs, pasakiet to administratoram.
mail_next_admin-deleted = Ir dzēsts viss, kas piederēja kontam. Ja nezināt iemeslu, jautājiet palīdzības dienestam.

mail_invite_subject = { $service }: jūsu konts
mail_invite = Jums ir izveidots konts pakalpojumā { $service }. Lai sāktu to lietot, 7 dienu laikā atveriet šo saiti un izvēlieties paroli.
mail_invite_link = Atvērt kontu
mail_invite_not-you = Saite darbojas vienu reizi. Nedodiet to nevienam. Ja uzaicinājumu negaidījāt, nedariet neko.
mail_invite-back_subject = { $service }: atgriezieties savā kontā
mail_invite-back = Administrators { $operator } palīdz jums atgūt jūsu kontu pakalpojumā { $service }. 7 dienu laikā atveriet šo saiti un izvēlieties jaunu paroli. Pirms varēsiet pievienot tālruni, būs jāgaida { hours }.
mail_invite-back_link = Izvēlēties jaunu paroli
mail_invite-back_not-you = Saite darbojas vienu reizi. Nedodiet to nevienam. Ja to nelūdzāt jūs, pasakiet administratoram.
mail_invited_subject = { $service }: jums ir nosūtīts uzaicinājums
mail_invited = Kāds, visticamāk jūs, vēlas pakalpojumā { $service } izveidot kontu ar šo e-pasta adresi. Jūsu administrators to jau ir sagatavojis. Atveriet saiti uzaicinājumā, kas jums tika nosūtīts; tā darbojas 7 dienas. Ja to nevarat atrast, lūdziet administratoram jaunu.
mail_invited_not-you = Ja tas nebijāt jūs, nedariet neko. Nekas nav mainījies.

invitation_title = Jūsu konts
invitation_what = Šo kontu jums ir sagatavojis administrators. Izvēlieties paroli.
invitation_back = Administrators palīdz jums atgūt šo kontu. Izvēlieties jaunu paroli. Pirms varēsiet pievienot tālruni, būs jāgaida { hours }: šajā laikā to vēl var apturēt, ja jūsu pastu būtu atvēris kāds cits.
invitation_name = Vārds:
invitation_kept = Ja vārds vai adrese nav pareiza, pasakiet to administratoram.
invitation_button = Atvērt kontu
invitation_back_button = Iestatīt paroli
recovery_begun_title = Gaidīšanas laiks ir sācies
recovery_begun_text = Jaunā parole ir iestatīta. Jāgaida { hours }; pēc tam varēsiet pievienot tālruni ar saiti vēstulē, ko jums tikko nosūtījām. Saglabājiet to.
recovery_begun_stop = Ja uzaicinājums jau bija izmantots vai jauno paroli iestatīja kāds cits, nekavējoties pasakiet to administratoram.

register_closed_title = Kontu jums izveido administrators
register_closed = Šeit reģistrēties nevar. Lūdziet kontu savam administratoram: pēc tam saite paroles izvēlei pienāks e-pastā.
register_closed_domain = Ar adresi { $domain } reģistrēties nevar. Lūdziet kontu savam administratoram: pēc tam saite paroles izvēlei pienāks e-pastā.
register_closed_domains = Ja jūsu adrese beidzas ar { $domains }, šeit reģistrēties nevar: lūdziet kontu savam administratoram.
email_error_kept = Šī domēna adresi lietot nevar: tās piešķir domēna administrators. Nekas netika mainīts.

recovery_staff = Atgūt šo kontu jums palīdz administrators: lūdziet viņam uzaicinājumu. Tā saiti nosūtīsim uz konta e-pasta adresi.
stopped_staff = Lai atgrieztos, lūdziet administratoram uzaicinājumu.
person_staff = Jūsu vārdu pārvalda administrators. Ja tas nav pareizs, pasakiet to administratoram.
email_staff = Jūsu vārdu un šo adresi, { $email }, pārvalda administrators. Ja tie nav pareizi, pasakiet to administratoram.
refused_managed = To var mainīt tikai administrators.
mail_ask_administrator = Lai atgūtu kontu, lūdziet administratoram uzaicinājumu.
mail_ask_recovery = Kontam vairs nav nevienas ierīces, tāpēc neviens nevar pierakstīties, kamēr konts nav atjaunots. Lai to izdarītu, pierakstieties ar paroli; lapa parādīs, kā rīkoties tālāk.
mail_disabled = Kamēr administrators kontu nav atkal iespējojis, ar to neviens nevar pierakstīties un tajā neko nevar mainīt.
