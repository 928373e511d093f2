package dev.graft.client;

import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import java.util.UUID;

/** A form of fields and one file (RFC 7578); the file is streamed. */
record Multipart(
    Map<String, String> fields, String part, String filename, BodyPublisher file, String boundary) {
  Multipart(Map<String, String> fields, String part, String filename, BodyPublisher file) {
    this(fields, part, filename, file, "graft-" + UUID.randomUUID());
  }

  String contentType() {
    return "multipart/form-data; boundary=" + boundary;
  }

  BodyPublisher body() {
    StringBuilder head = new StringBuilder();
    fields.forEach(
        (name, value) ->
            head.append("--%s\r\n".formatted(boundary))
                .append("content-disposition: form-data; name=\"%s\"\r\n\r\n".formatted(name))
                .append(value)
                .append("\r\n"));
    head.append("--%s\r\n".formatted(boundary))
        .append(
            "content-disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                .formatted(part, quoted(filename)))
        .append("content-type: application/octet-stream\r\n\r\n");
    return BodyPublishers.concat(
        BodyPublishers.ofString(head.toString()),
        file,
        BodyPublishers.ofString("\r\n--%s--\r\n".formatted(boundary)));
  }

  /** As browsers escape a name (WHATWG HTML, multipart/form-data encoding). */
  private static String quoted(String name) {
    return name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
  }
}
