# Lapas, kas pasaka, kāpēc kaut kas neizdevās.

error_title = Neizdevās
help_desk = Palīdzība:
error_home = Uz sākumlapu
error_not_found = Šādas lapas nav, vai arī tā pieder citam pārlūkam.
error_sign_in = Vispirms pierakstieties.
error_form_expired = Veidlapa ir novecojusi, vai arī sīkdatnes ir izslēgtas. Atgriezieties, ielādējiet lapu no jauna un nosūtiet veidlapu vēlreiz.
error_other_site = Šī veidlapa nāca no citas adreses, nevis no { $origin }, tāpēc nekas netika izdarīts. Atveriet { $origin } un sāciet tur.
error_other_method = Šo lapu tā atvērt nevar. Atveriet sākumlapu un sāciet tur.
error_other_host = Šī veidlapa tika nosūtīta uz citu adresi, nevis uz { $origin }, tāpēc nekas netika izdarīts. Atveriet { $origin } un sāciet tur.
error_bad_form = Veidlapa bija nepilnīga. Atgriezieties un aizpildiet to vēlreiz.
error_too_long = Veidlapa bija pārāk gara. Atgriezieties un saīsiniet ierakstīto.
error_busy = Pakalpojums ir aizņemts. Mēģiniet vēlreiz pēc minūtes.
error_slow = Pakalpojums neatbildēja laikā. Ielādējiet lapu vēlreiz un, pirms sākat no jauna, pārbaudiet, kas ir izdarīts.
error_too_many = No jūsu tīkla vai jūsu kontam bija pārāk daudz pieprasījumu. Mēģiniet vēlreiz pēc { seconds }.
seconds =
    { $seconds ->
        [zero] { $seconds } sekundēm
        [one] { $seconds } sekundes
       *[other] { $seconds } sekundēm
    }
error_not_stored = Pakalpojums pašlaik neko nevar saglabāt. Nekas netika izdarīts; mēģiniet vēlāk.
error_broken = Šeit radās kļūda. Tā ir reģistrēta; mēģiniet vēlāk.
