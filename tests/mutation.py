"""Inputs gone wrong: bytes changed, and pieces of the format's own put where they do not belong."""

from __future__ import annotations

import codecs
import random
import re
from collections.abc import Sequence

LARGEST = 200_000
"""Bytes that an input may have: enough for what takes quadratic time to take a second."""


def _pieces(text: bytes) -> list[bytes]:
    """What two spaces or a line's end separate in *text*."""
    return [piece for piece in re.split(rb"  +|\n", text) if piece]


PAGE = [
    *_pieces(
        rb"""
<!doctype html>  <html>  <head>  </head>  <body background=b.png>  <base href=/b/>  <title>
<base href='https://[bad'>  <base href=data:,x>  <base target=x>  <!--  -->  --!>  <![CDATA[  ]]>
<!ENTITY a '&b;&b;'>  <!DOCTYPE a [<!ENTITY b 'c'>]>  &b;  <?xml version='1.0'?>  <?  </
<?xml-stylesheet href='x.css' type='text/css' alternate='yes'?>  <meta charset=utf-16>  <a  <  >
<meta charset=shift_jis>  <meta http-equiv=content-type content='text/html;charset=gbk'>  />  '  "
<meta property=og:image content=o.png>  <meta name=referrer content=origin>  <meta content=  =  `
<img src=1.png srcset='2.png 2x, 3.png 100w'>  <img data-src=4.png data-srcset=5.png>  <img src='  &lt;
<picture>  </picture>  <source srcset=6.webp>  <source src=7.mp4>  <video src=8.mp4 poster=9.png>  <video>
</video>  <audio data-src=a.mp3>  <track src=t.vtt>  <embed src=e.swf>  <object data=d>
<iframe src=f.html>  <iframe srcdoc='<img src=i.png>'>  <iframe srcdoc="&lt;iframe srcdoc='x'>">  srcdoc=
<iframe src=https://www.youtube.com/embed/x>  <frameset><frame src=g.html>  <input type=image src=j.png>
<link rel=stylesheet href=s.css>  <link rel='alternate stylesheet' href=s.css>  <link rel=icon href=i.ico>
<link rel=manifest href=m.json>  <link rel=modulepreload href=m.js>
<link rel=preload as=font href=f.woff>  <link rel=preload as=image imagesrcset='p.png 2x'>
<link rel=prefetch href=q.png>  <link rel=canonical href=c>  <svg>  </svg>  <image xlink:href='x.svg'/>
<use href=u.svg#a>  <feImage href=v.png>  <math>
<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'>
<svg:image href=w.png/>  <html xmlns='http://www.w3.org/1999/xhtml'>  <x:y xmlns:x='a'>  <template>
</template>  <noscript>  </noscript>  <textarea>  </textarea>  <plaintext>  <xmp>  <select>
<table><tr><td>  </p>  <style>  </style>  <style>@import 'y.css';a{b:url(z.png)}  </title>  <script>
</script>  <script src=s.js nomodule>  <script type=module>import './n.js';</script>  <br>
<script type=importmap>{"imports":{"a":"/a.js"}}</script>  <script type=module src=o.js>  <p hidden>
<script type=application/ld+json>{"image":["l.png",{"url":"m.png"}],"@type":"VideoObject"}</script>  <h1>
<p>  <div style='display:none'>  <form action=x><input type=password>  <b>  <i>  </b>
"""
    ),
    b" style='background:url(k.png)'",
]
SHEET = [
    *_pieces(
        rb"""
@import 'a.css';  @import url(b.css) layer(x) supports(a:b) screen;  @charset "gbk";  @namespace url(n);
@media print{  @font-face{src:url(f.woff),url('g.ttf') format('x')}  @supports (a:url(b)){  @layer a,b;
url(  url('  url("  URL(c.png)  \75rl(d.png)  u\72 l(e.png)  \000055rl(  url(f\)g.png)
image-set('h.png' 1x,  -webkit-image-set(url(i.png) 2x)  image-set(  src(j.png)  calc(  rgb(0,0,0)  )  (
{  }  ;  :  ,  '  "  /*  */  <!--  -->  \  @  \0  \d800  !important  #id  a{b:c}  --x:url(k.png);
\66ont-face  @\69mport 'l.css';  data:image/png;base64,AAAA  u  U  i  @import  @font-face{  src:
"""
    ),
    *(b"\\\n", b"\\\r\n", b"\\110000 ", b"\\61 "),
]
MODULE = [
    *_pieces(
        rb"""
import 'a';  import a from 'b';  import {c as d, 'e }' as f} from "g";  import  export * from 'j';
import('m')  import.meta  import{  export  from  as  with {type: 'json'}  import defer * as n from 'o';
import source p from 'q';  import/*  *  `  `${  }`  ${  \`  '  "  \  /  /[  ]/  //  /*  */  /re/g  /[/]/
(  )  {  }  [  ]  ;  ,  :  .  ...  =>  ++  --  ?.  #!  #x  <!--  -->  function d() {  class E {
class extends f {  \u0061  \u{61}  \x41  \u{  static {  x = function () {  a / b  1.  .5
"""
    ),
    *(word + b" " for word in b"return typeof else of in await yield default export".split()),
    *(b"if (a) ", b"while (b) ", b"for (const c of ", b"async function* ", b"case 1: ", b"x = {y: "),
    *(b"import * as h from 'i'\n", b"export {k} from 'l'\n", b"\\\n"),
    *(b"\xe2\x80\xa9", b"\xef\xbb\xbf", b"\xe0\xa4\xbf"),
]
MAP = _pieces(
    rb"""
"imports":  "scopes":  "integrity":  {  }  [  ]  :  ,  "  "a":  "a/":  "./b":  "/c/"
"https://h.example/d/":  "x:y/":  null  true  1  "\ud800"  "\u0000"  {"imports":{"a/":"/v/"}}  ""
"scopes":{"/s/":{"a":"/t.js"}}
"../e/"  "https://[bad"  "data:,x"  "x:y"  "//h"  "%2e%2e/"  "?q"  "#f"  "/v/?q=/"
"""
)

# fmt: off
SRCSET = [
    b"a.png", b" ", b",", b", ", b" 1x", b" 2.5x", b" 100w", b" 50h", b" .x", b" 1e3x", b" -1x", b" (", b")",
    b"(,)", b"data:,a", b" 9999999999w", b" 0w", b"b,c.png", b"d.png,", b",,", b"https://h.example/e?f,g",
    b"\xc2\xa0", b" x", b" w",
]
HEAD = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 ", b"http/2 103", b"HTTP/9.9 999 ", b"ICY 200", b"HTTP/1.1 200",
    b"\r\n\r\n", b"\n\n", b"Content-Length: 5\r\n", b"content-length:5, 5\r\n",
    b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
    b"transfer-encoding : gzip, chunked\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding:", b"Content-Encoding: gzip, br\r\n", b"Content-Type: text/html; charset=\r\n",
    b"Location: //h/\r\n", b"Set-Cookie: a=b; domain=.com\r\n", b":", b": ", b" folded\r\n", b"\tfolded\n",
    b": no name\r\n", b"no colon\r\n", b",", b";", b"X: " + b"y" * 9000 + b"\r\n",
    "Transfer-Encoding: chun\u212aed\r\n".encode(), b"Content-Length: \xd9\xa5\r\n", b"Retry-After: 9\r\n",
]
CHUNKS = [
    b"0\r\n\r\n", b"0\r\n", b"0\n\n", b"00000\r\n", b"5\r\nhello\r\n", b"5\nhello\n", b"A\r\n", b"fF\r\n",
    b"ffffffffffffffff\r\n", b"8000000000000000\r\n", b"7fffffffffffffff\r\n", b"fffffffffffffff\r\n",
    b"0x5\r\n", b"+5\r\n", b"-5\r\n", b" 5 \r\n", b"5;a=b\r\n", b'5;"\r\n"\r\n', b";", b"1\r\n", b"1 \r\n",
    b"X-T: 1\r\n", b"\r\n", b"\n", b"\r", b"g\r\n", b"5 5\r\n", b"1;" + b"a" * 8100 + b"\r\n",
    b"1" + b" " * 4100 + b"\r\n", b"0" * 20 + b"1\r\nx\r\n", b"1\r\nx\r\n" * 20,
    b"X: " + b"y" * 17000 + b"\r\n",
]
ODD = [
    b"\x00", b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\t", b"\x0c", b"\x0b", b" ", b"\x7f", b"\x85",
    b"\xa0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"\x1b$B", b"\x0e", b"0", b"-1", b"+1", b"0x10", b"65536", b"2147483648",
    b"18446744073709551616", b"9" * 400, b"1e999", b"NaN", b"\\", b"%", b"%00", b"%zz", b"&#0;",
    b"&#x110000;", b"&amp", b"..", b"//", b"#", b"?", b"A" * 300, "İſ\u212a\u202e\u0301".encode(),
]
"""What is odd in any format."""
# fmt: on


def mutated(dice: random.Random, seeds: Sequence[bytes], pieces: Sequence[bytes] = ()) -> bytes:
    """One of *seeds* after a few changes: bytes flipped, cut, moved, replaced, *pieces* and oddities put in.

    Now and then a piece is repeated until the whole is large, or all of it stands in UTF-16.
    """
    data = bytearray(dice.choice(seeds))
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4, 8, 16))):
        at = dice.randrange(len(data) + 1)
        end = at + dice.choice((1, 1, 2, 4, 8, 64))
        match dice.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 1:
                del data[at:end]
            case 2:
                to = dice.randrange(len(data) + 1)
                data[to:to] = data[at:end]
            case 3:
                data[at:end] = dice.choice(ODD)
            case 4:
                other = dice.choice(seeds)
                start = dice.randrange(len(other) + 1)
                data[at:at] = other[start : start + dice.choice((8, 64, 512))]
            case _:
                data[at:at] = dice.choice(pieces or ODD)
    if dice.random() < 0.015:
        piece = b"".join(dice.choices([*pieces, *ODD], k=dice.randint(1, 2)))
        at = dice.randrange(len(data) + 1)
        data[at:at] = piece * (dice.choice((1_000, 10_000, LARGEST)) // len(piece))
    if dice.random() < 0.01:
        return codecs.BOM_UTF16_LE + data.decode("latin-1").encode("utf-16-le")
    return bytes(data)
