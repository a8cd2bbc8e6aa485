// A small SMS gateway over HTTP, on node's own server: any form, field names `to` and `text`.
//
// usage: node http.js PORT FOLDER [FAULT]
//   FOLDER/shown    a JSON line for each text as a telephone shows it: {"to", "text"}
// FAULT: drop, accepts all and shows it to nobody; later, 503 with Retry-After for ever; odd, answers what nobody can read.
'use strict';
const http = require('http'), fs = require('fs'), path = require('path');
const [port, folder, fault] = [+process.argv[2], process.argv[3], process.argv[4] || ''];
let ids = 0;
http.createServer((request, response) => {
    let body = '';
    request.on('data', d => body += d);
    request.on('end', () => {
        const fields = new URLSearchParams(body);
        // Somebody looks whether we are there.
        if (!fields.get('to')) return response.writeHead(405).end();
        if (fault === 'later') return response.writeHead(503, {'Retry-After': '3600'}).end('later');
        if (fault === 'odd') return response.writeHead(200, {'Content-Type': 'text/html'}).end('<html>Welcome!</html>');
        if (fault !== 'drop') {
            const line = {to: fields.get('to'), text: fields.get('text'), parts: 1};
            fs.appendFileSync(path.join(folder, 'shown'), JSON.stringify(line) + '\n');
        }
        response.writeHead(200, {'Content-Type': 'application/json'}).end(JSON.stringify({status: 'accepted', id: `h${ids++}`}));
    });
}).listen(port, '127.0.0.1');
