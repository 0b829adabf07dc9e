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
