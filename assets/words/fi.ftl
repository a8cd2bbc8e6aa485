### Covers: fax, language

## What a language calls itself

language-own = Suomi

## Labels on fax pages; they stand outside the text

fax-message = Viesti
fax-incident = Tapahtuma
fax-check = Tarkistuskoodi
fax-page = Sivu
fax-continues = Jatkuu seuraavalla sivulla
fax-answer = Näin vastaat
