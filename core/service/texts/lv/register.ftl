# Konta izveide.

register_title = Konta izveide
register_button = Izveidot kontu
register_have = Man jau ir konts: pierakstīties
register_names = Pietiek ar vienu – vārdu vai uzvārdu, jebkurā alfabētā.
register_hint = Uz šo adresi nosūtīsim saiti. Ar to izvēlēsieties paroli.
email_again = E-pasta adrese vēlreiz
email_again_error = Adreses atšķiras. Ierakstiet divreiz vienu un to pašu adresi.
register_language = Mūsu e-pasta vēstuļu valoda
language_error = Izvēlieties valodu no saraksta.
privacy = Privātuma paziņojums ir izlasīts.
privacy_read = Privātuma paziņojums (atvērsies jaunā cilnē)
privacy_error = Izlasiet privātuma paziņojumu un atzīmējiet lodziņu.

# Attēls ar cipariem un tas, ko dara tā vietā.
picture = Cipari attēlā
picture_hint = Tie neļauj kontus veidot programmām.
picture_alt = Attēls ar sešiem cipariem. Tos var arī noklausīties.
picture_listen = Seši cipari balsī
picture_listen_link = Noklausīties ciparus (atvērsies jaunā cilnē)
picture_renew = Cits attēls
picture_digits = Seši cipari
digits_error_missing = Ierakstiet sešus ciparus, ko redzat attēlā vai dzirdat.
digits_error_wrong = Cipari nav pareizi. Ieskatieties vēlreiz, noklausieties tos vai palūdziet citu attēlu.
digits_error_another = Arī šie cipari nebija pareizi. Te ir cits attēls.
digits_error_old = Attēls bija novecojis vai jau izmantots. Ierakstiet šī attēla ciparus.
digits_error_asked = No jūsu tīkla izveidots daudz kontu. Ierakstiet attēlā redzamos ciparus.
work_working = Mirklīti: pārlūks pārbauda, vai neesat robots.
work_failed = Pārbaude pārlūkā neizdevās. Ierakstiet attēlā redzamos ciparus.

# Pēc veidlapas.
register_sent = Ja šo adresi var izmantot, vēstule jau ir ceļā uz { $email }. Atveriet tajā esošo saiti { $minutes } minūšu laikā šajā vai citā pārlūkā, vai arī nokopējiet to un ielīmējiet šeit.
register_again = Nosūtīt vēstuli vēlreiz
register_again_sent = Vēstule nosūtīta vēlreiz, ja vien šai adresei pēdējā stundā nav nosūtītas 3 vēstules vai pēdējā dienā – 10. Izmantojiet jaunāko.
register_other = Cita adrese
link_error_register = Šī saite nedarbojas. Nokopējiet visu saiti no jaunākās vēstules.

# No vēstules.
register_confirm_title = Izvēlieties paroli
register_confirm = Jūsu e-pasta adrese ir apstiprināta.
register_name = Vārds:
submit = Iesniegt
register_done_title = Konts ir izveidots
register_done = Jūs jau esat savā kontā.
proceed = Turpināt
register_next_title = Ko darīt tālāk
register_next = Pievienojiet mobilo ierīci: tad kontu sargās tā, nevis tikai parole.
register_next_phone = Pievienot mobilo ierīci
