# Konti, ko pārvalda administrators, un tas, ko ar kontiem dara operatori.

event_admin-added = Administrators { $detail } izveidoja kontu
event_admin-invited = Administrators { $detail } nosūtīja uzaicinājumu
event_admin-disabled = Administrators { $detail } atspējoja kontu
event_admin-enabled = Administrators { $detail } atkal iespējoja kontu
event_admin-unblocked = Administrators { $detail } atcēla paroļu un kodu bloķēšanu
event_admin-reset = Administrators { $detail } dzēsa visas ierīces un izrakstīja visus pārlūkus
event_admin-deleted = Administrators { $detail } izdzēsa kontu

mail_next_admin-disabled = Kamēr konts nav atkal iespējots, ar to neviens nevar pierakstīties. Ja nezināt iemeslu, jautājiet pakalpojuma uzturētājam.
mail_next_admin-enabled = Varat atkal pierakstīties ar to pašu paroli un tām pašām ierīcēm.
mail_next_admin-unblocked = Parole un PIN ir tie paši, kas iepriekš, un PIN mēģinājumu skaits nav atjaunots.
mail_next_admin-reset = Ja jūs to nelūdzāt, nekavējoties sazinieties ar pakalpojuma uzturētāju.
mail_next_admin-deleted = Viss, kas tam piederēja, ir dzēsts. Ja nezināt iemeslu, jautājiet pakalpojuma uzturētājam.

mail_invite_subject = { $service }: jūsu konts
mail_invite = Aicinām jūs lietot savu kontu pakalpojumā { $service }. 7 dienu laikā atveriet šo saiti un izvēlieties paroli.
mail_invite_link = Atvērt kontu
mail_invite_not-you = Saite darbojas vienu reizi. Nedodiet to nevienam. Ja uzaicinājumu negaidījāt, nedariet neko.
mail_invited_subject = { $service }: jūs esat uzaicināts
mail_invited = Kāds, iespējams, jūs pats, vēlas pakalpojumā { $service } izveidot kontu ar šo e-pasta adresi. Jūsu administrators to jau ir sagatavojis. Atveriet saiti uzaicinājumā, kas jums tika nosūtīts; tā darbojas 7 dienas. Ja to nevarat atrast, lūdziet administratoram jaunu.
mail_invited_not-you = Ja tas nebijāt jūs, nedariet neko. Nekas nav mainījies.

invitation_title = Jūsu konts
invitation_what = Šo kontu jums ir sagatavojis administrators. Izvēlieties paroli.
invitation_back = Administrators palīdz jums atgūt šo kontu. Izvēlieties jaunu paroli. Pēc tam gaidīšana ilgst { hours }, un tikai tad varēsiet pievienot tālruni: šajā laikā to vēl var apturēt, ja jūsu pastu ir atvēris kāds cits.
invitation_name = Vārds:
invitation_kept = Ja vārds vai adrese nav pareiza, pasakiet to administratoram.
invitation_button = Atvērt kontu
invitation_back_button = Iestatīt paroli
recovery_begun_title = Gaidīšanas laiks ir sācies
recovery_begun_text = Jaunā parole ir iestatīta. Gaidīšana ilgst { hours }; pēc tam varēsiet pievienot tālruni ar saiti vēstulē, ko jums tikko nosūtījām. Saglabājiet to.
recovery_begun_stop = Uzaicinājums jau bija izmantots, vai arī tas nebijāt jūs? Nekavējoties pasakiet to administratoram.

register_closed_title = Kontu jums izveido administrators
register_closed = Šeit reģistrēties nevar. Lūdziet kontu savam administratoram: pēc tam saite paroles izvēlei pienāks e-pastā.
register_closed_domain = Ar adresi { $domain } reģistrēties nevar. Lūdziet kontu savam administratoram: pēc tam saite paroles izvēlei pienāks e-pastā.
register_closed_domains = Jūsu adrese beidzas ar { $domains }? Tad kontu jums izveido administrators: vērsieties pie viņa.
email_error_kept = Kontus ar šī domēna adresēm pārvalda tā administrators. Nekas netika mainīts.

recovery_staff = Atgūt šo kontu jums palīdz administrators: lūdziet viņam uzaicinājumu. Tā saiti nosūtīsim uz konta e-pasta adresi.
stopped_staff = Lai atgrieztos, lūdziet administratoram uzaicinājumu.
person_staff = Jūsu vārdu pārvalda administrators. Ja tas nav pareizs, vērsieties pie viņa.
email_staff = Jūsu vārdu un šo adresi, { $email }, pārvalda administrators. Ja tie nav pareizi, vērsieties pie viņa.
refused_managed = To dara jūsu administrators. Vērsieties pie viņa.
mail_ask_administrator = Lai atgūtu kontu, lūdziet administratoram uzaicinājumu.
