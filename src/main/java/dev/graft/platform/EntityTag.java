package dev.graft.platform;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.springframework.http.HttpHeaders;
import tools.jackson.databind.json.JsonMapper;

/** Entity tags of JSON answers (RFC 9110, section 8.8.3): equal bytes have equal tags. */
public final class EntityTag {
  private static final int SHOWN = 16;

  private EntityTag() {}

  static String of(byte[] content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      return "\"" + HexFormat.of().formatHex(digest, 0, SHOWN) + "\"";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Refuses (412) a change of something that is not any more what the client has seen. The change
   * itself must mind what was compared here.
   *
   * @param request headers: If-Match, if there is one
   * @param current the thing as {@code GET} would answer it
   * @param json that writes answers
   */
  public static void requireMatch(HttpHeaders request, Object current, JsonMapper json) {
    List<String> wanted = request.getOrEmpty(HttpHeaders.IF_MATCH);
    if (wanted.isEmpty()) return;
    String tag = of(json.writeValueAsString(current).getBytes(StandardCharsets.UTF_8));
    for (String each : String.join(",", wanted).split(",")) {
      if (each.strip().equals("*") || each.strip().equals(tag)) return;
    }
    throw changed().header(HttpHeaders.ETAG, tag);
  }

  /** The refusal where it changed after it had matched. */
  public static RequestFailed changed() {
    return new RequestFailed(
        ProblemType.PRECONDITION_FAILED,
        "It has changed since it was read: read it again, then change it.",
        "If-Match");
  }
}
