### Covers: fax, language

## What a language calls itself

language-own = Norsk

## Labels on fax pages; they stand outside the text

fax-message = Melding
fax-incident = Hendelse
fax-check = Kontrollkode
fax-page = Side
fax-continues = Fortsetter på neste side
fax-answer = Slik svarer du
