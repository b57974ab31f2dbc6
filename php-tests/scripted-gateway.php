<?php

declare(strict_types=1);

// A gateway that says what it is told: php scripted-gateway.php FOLDER. FOLDER has tls.pem (certificate and key) and
// answers/, files with whole HTTP answers, which are given in the order of their names and each once. Prints its port;
// each request becomes a file in requests/. Ends with its stdin.
[, $folder] = $argv;
$context = stream_context_create(['ssl' => ['local_cert' => "$folder/tls.pem"]]);
$server = stream_socket_server('tcp://127.0.0.1:0', context: $context);
echo substr(strrchr(stream_socket_get_name($server, false), ':'), 1), "\n";

for ($number = 100_000; true; ) {
    $ready = [STDIN, $server];
    $none = null;
    stream_select($ready, $none, $none, null);
    if (\in_array(STDIN, $ready, true)) {
        exit;
    }
    $client = stream_socket_accept($server);
    stream_set_timeout($client, 5);
    if (!@stream_socket_enable_crypto($client, true, STREAM_CRYPTO_METHOD_TLS_SERVER)) {
        fclose($client);
        continue;
    }
    $head = '';
    while (!str_ends_with($head, "\r\n\r\n") && ($line = fgets($client)) !== false) {
        $head .= $line;
    }
    $length = preg_match('~^content-length: (\d+)~mi', $head, $found) ? (int) $found[1] : 0;
    $body = $length > 0 ? stream_get_contents($client, $length) : '';
    file_put_contents("$folder/requests/.new", $head . $body);
    rename("$folder/requests/.new", "$folder/requests/" . $number++);
    $answers = glob("$folder/answers/*");
    $answer = "HTTP/1.1 500 Nothing to say\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if ($answers !== []) {
        $answer = file_get_contents($answers[0]);
        unlink($answers[0]);
    }
    fwrite($client, $answer);
    fclose($client);
}
