package dev.graft.openapi;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A request and its answer.
 *
 * @param path undecoded, without the query
 * @param query names of the query's parameters
 * @param requestType content type, null without a body
 * @param type content type of the answer, null without one
 * @param headers names of the answer's headers, in lower case
 */
record Exchange(
    String method,
    String path,
    Set<String> query,
    @Nullable String requestType,
    byte[] requestBody,
    int status,
    @Nullable String type,
    Set<String> headers,
    byte[] body) {

  String requested() {
    return new String(requestBody, StandardCharsets.UTF_8);
  }

  String answered() {
    return new String(body, StandardCharsets.UTF_8);
  }

  boolean succeeded() {
    return status >= 200 && status < 300;
  }

  /** Without parameters such as the character set; empty if there is none. */
  static String media(@Nullable String type) {
    return type == null ? "" : type.split(";")[0].strip();
  }
}
