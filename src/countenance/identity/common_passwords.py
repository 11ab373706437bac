"""The passwords that are tried first, and of at least the shortest permitted length.

Collected by hand from what breach reports name year after year; case does not matter.
"""

from __future__ import annotations

from typing import Final

COMMON_PASSWORDS: Final = frozenset(
    """
    00000000 01234567 0123456789 0987654321 1020304050 11111111 1111111111 11112222 11223344
    12121212 123123123 1231231234 123321123 12341234 1234554321 123454321 12345678 123456789
    1234567890 12345678910 123456789a 123456abc 1234qwer 123abc123 123qwe123 12qwaszx 147258369
    159357159 159753456 192837465 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz1qaz 1qaz2wsx
    1qaz2wsx3edc 1qazxsw2 22222222 31415926 321321321 33333333 44444444 55555555 66666666
    741852963 77777777 789456123 87654321 88888888 963852741 987654321 99999999
    a1234567 a12345678 a123456789 a1b2c3d4 a1s2d3f4 aa123456 aaaaaaaa abc12345 abc123456 abcd1234
    abcdefgh access14 admin123 admin1234 admin12345 admin123456 administrator airplane alexander
    anthony1 arsenal1 asdasdasd asdf1234 asdfasdf asdfghjk asdfghjkl asdfqwer
    babygirl babygirl1 barcelona baseball baseball1 basketball bismillah blahblah blink182
    bollocks butterfly
    camaro69 carolina changeme changeme1 changeme123 charlie1 chelsea1 chocolate christian
    cocacola computer computer1 corvette countenance cowboys1 creative
    daniel123 default1 december democracy derparol dragon123 drowssap
    einstein elephant elizabeth estrella everton1
    facelogin fackyou1 family123 fernando firebird fitness1 football football1 formula1 forever1
    franklin freedom1 fuckyou1
    garfield gateway1 godblessyou goldfish google123 gfhjkmgfhjkm guest123
    hallo123 hannah123 harrypotter hello123 hello1234 hellohello heslo123 hockey123 homepage
    hunter22
    iloveyou iloveyou1 iloveyou2 iloveyou123 ihateyou internet isabella
    jennifer jessica1 jesus123 jonathan jordan23 justin123
    kennwort killer123 kimberly kingkong
    letmein1 letmein123 letmeinnow liverpool liverpool1 london123 lovelove loveyou1 lollipop
    manchester marina123 marlboro master123 matthew1 maverick mercedes metallica michael1
    michelle midnight milan1899 mishka123 monkey123 motdepasse mustang1 mypassword
    naruto123 nicholas nintendo nothing1 november
    opensesame operator1 orange123
    p@55word p@ssw0rd p@ssw0rd1 p@ssword pa$$word pa55word parola123 paSSword passpass passw0rd
    passw0rd1 password password! password. password0 password00 password01 password1 password1!
    password10 password11 password12 password123 password123! password1234 password12345
    password2 password2024 password2025 password2026 password3 password321 password7 password99
    passwords passwort passwort1 passwort123 patricia peekaboo pineapple pokemon123 porsche911
    precious princess princess1 princesa
    qazwsx123 qazwsxedc qq123456 q1w2e3r4 q1w2e3r4t5 qwer1234 qwer12345 qweasdzxc qweqweqwe
    qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyui qwertyuiop
    qwertz123 qwertzuiop
    rainbow1 rangers1 rockstar1 root1234 rootroot rush2112
    s3cr3t123 salasana samantha samsung1 schalke04 scorpion scooby123 secret123 secret1234
    security sergeant september serenity shadow123 simatic1 skywalker slipknot snowball softball
    spiderman spitfire starwars starwars1 steelers stephanie strawberry summer2024 summer2025
    summer2026 sunflower sunshine sunshine1 superman superman1 supervisor swordfish
    teamobebe temp1234 temporary test1234 test12345 testtest thebeatles thomas123 tigger12
    trustno1 tottenham
    user1234 username
    valentin vanessa1 veronica victoria vfhbyf123
    wachtwoord welcome1 welcome12 welcome123 welcome1234 whatever whatever1 willkommen
    winter2024 winter2025 winter2026 william1
    xxxxxxxx yankees1 yourmom1 zaq12wsx zaq1zaq1 zaqwsxcde zxcv1234 zxcvbnm1 zxcvbnm123 zzzzzzzz
    """.lower().split()
)
