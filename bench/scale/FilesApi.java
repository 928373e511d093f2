import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files and uploads over a plain socket: the kernel sends the file, so that little of what is
 * measured is the client's.
 */
final class FilesApi {
  private static final int PART = 64_000_000;
  private static final int BUFFER = 1 << 20;
  private static final String BOUNDARY = "graft-bench-7f3a";
  private static final Pattern ID = Pattern.compile("\"id\":\"([^\"]+)\"");
  private static final Pattern FILE = Pattern.compile("\"id\":\"(file-[^\"]+)\"");
  private static final Pattern STATUS = Pattern.compile("\"status\":\"([^\"]+)\"");
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: *(\\d+)\r\n");

  private final InetSocketAddress server;
  private final String key;

  FilesApi(URI server, String key) {
    this.server = new InetSocketAddress(server.getHost(), server.getPort());
    this.key = key;
  }

  /** In one request; returns the id. */
  String upload(Path file) throws IOException {
    String purpose = field("purpose", "") + "fine-tune\r\n";
    String head = purpose + field("file", "; filename=\"rows.jsonl\"");
    return found(ID, form("/v1/files", head, file, 0, Files.size(file)));
  }

  /** In parts, one after the other; returns the id of the file. */
  String uploadInParts(Path file) throws IOException {
    long bytes = Files.size(file);
    String upload =
        found(
            ID,
            json(
                "POST",
                "/v1/uploads",
                """
                {"purpose":"fine-tune","filename":"rows.jsonl","bytes":%d,"mime_type":"application/jsonl"}\
                """
                    .formatted(bytes)));
    List<String> parts = new ArrayList<>();
    for (long at = 0; at < bytes; at += PART) {
      String path = "/v1/uploads/" + upload + "/parts";
      String head = field("data", "; filename=\"part\"");
      parts.add('"' + found(ID, form(path, head, file, at, Math.min(PART, bytes - at))) + '"');
    }
    String body = "{\"part_ids\":[%s]}".formatted(String.join(",", parts));
    return found(FILE, json("POST", "/v1/uploads/" + upload + "/complete", body));
  }

  /** Waits until the server has read its rows. */
  void awaitProcessed(String id) throws IOException, InterruptedException {
    while (true) {
      String status = found(STATUS, json("GET", "/v1/files/" + id, ""));
      if (status.equals("processed")) return;
      if (status.equals("error")) throw new IOException("the file is not valid");
      Thread.sleep(200);
    }
  }

  void delete(String id) throws IOException {
    json("DELETE", "/v1/files/" + id, "");
  }

  /** Returns the SHA-256 of what has come and is on the disk. */
  String download(String id, Path target) throws Exception {
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    Files.deleteIfExists(target);
    try (SocketChannel socket = SocketChannel.open(server);
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      send(socket, head("GET", "/v1/files/" + id + "/content", 0, "application/json"));
      InputStream in = new BufferedInputStream(Channels.newInputStream(socket), BUFFER);
      long left = length(readHead(in));
      byte[] buffer = new byte[BUFFER];
      while (left > 0) {
        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (n < 0) throw new IOException("the download ended early");
        sha256.update(buffer, 0, n);
        ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
        while (bytes.hasRemaining()) out.write(bytes);
        left -= n;
      }
      out.force(true);
    }
    return HexFormat.of().formatHex(sha256.digest());
  }

  private static String field(String name, String more) {
    return "--%s\r\ncontent-disposition: form-data; name=\"%s\"%s\r\n\r\n"
        .formatted(BOUNDARY, name, more);
  }

  private String form(String path, String head, Path file, long start, long length)
      throws IOException {
    String tail = "\r\n--" + BOUNDARY + "--\r\n";
    String type = "multipart/form-data; boundary=" + BOUNDARY;
    try (SocketChannel socket = SocketChannel.open(server);
        FileChannel in = FileChannel.open(file)) {
      send(socket, head("POST", path, head.length() + length + tail.length(), type) + head);
      for (long at = start; at < start + length; ) {
        at += in.transferTo(at, start + length - at, socket);
      }
      send(socket, tail);
      return body(socket);
    }
  }

  private String json(String method, String path, String body) throws IOException {
    try (SocketChannel socket = SocketChannel.open(server)) {
      send(socket, head(method, path, body.length(), "application/json") + body);
      return body(socket);
    }
  }

  private String head(String method, String path, long length, String type) {
    return """
    %s %s HTTP/1.1\r
    host: %s:%d\r
    authorization: Bearer %s\r
    content-type: %s\r
    content-length: %d\r
    connection: close\r
    \r
    """
        .formatted(method, path, server.getHostString(), server.getPort(), key, type, length);
  }

  private static void send(SocketChannel socket, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) socket.write(bytes);
  }

  private static String body(SocketChannel socket) throws IOException {
    InputStream in = new BufferedInputStream(Channels.newInputStream(socket));
    readHead(in);
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Up to the empty line; an answer that is not a success is thrown. */
  private static String readHead(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) throw new IOException("no answer");
      head.write(b);
    }
    String text = head.toString(StandardCharsets.US_ASCII);
    if (!text.startsWith("HTTP/1.1 200")) {
      throw new IOException(text + new String(in.readNBytes(2000), StandardCharsets.UTF_8));
    }
    return text;
  }

  private static long length(String head) throws IOException {
    Matcher length = LENGTH.matcher(head);
    if (!length.find()) throw new IOException("no length: " + head);
    return Long.parseLong(length.group(1));
  }

  private static String found(Pattern pattern, String text) throws IOException {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) throw new IOException("unexpected: " + text);
    return matcher.group(1);
  }
}
