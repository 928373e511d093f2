package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.ShallowEtagHeaderFilter;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import tools.jackson.databind.json.JsonMapper;

/** Entity tags of JSON answers (RFC 9110, section 8.8.3): equal bytes have equal tags. */
public final class EntityTag {
  private static final int SHOWN = 16;

  private EntityTag() {}

  static String of(byte[] content) {
    return "\"" + HexFormat.of().formatHex(Sha256.digest().digest(content), 0, SHOWN) + "\"";
  }

  /**
   * Refuses with 412 to change an object that has changed since the client read it. The change
   * itself must be conditional on the state that was compared here.
   *
   * @param request the request's headers, with or without If-Match
   * @param current the object as {@code GET} would return it
   * @param json the mapper of answers
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

  /** Returns the refusal for an object that changed after it had matched. */
  public static RequestFailed changed() {
    return new RequestFailed(
        ProblemType.PRECONDITION_FAILED,
        "The object has changed since you read it: read it again, then change it.",
        "If-Match");
  }

  /**
   * Adds an {@code ETag} to the JSON of single objects and answers a matching {@code If-None-Match}
   * with 304, so that polling clients do not receive the same bytes again. It does not apply to
   * lists, which are long, and files, which have their own tags.
   */
  @Component
  static final class EntityTagFilter extends ShallowEtagHeaderFilter {
    private static final List<PathPattern> THINGS =
        List.of(
            pattern("/v1/files/{id}"),
            pattern("/v1/fine_tuning/jobs/{id}"),
            pattern("/v1/adapters/{id}"),
            pattern("/v1/adapter_configs/{config}"),
            pattern("/v1/models/{model}"),
            pattern("/v1/base_models/{base_model}"));

    private static PathPattern pattern(String pattern) {
      return PathPatternParser.defaultInstance.parse(pattern);
    }

    @Override
    protected boolean shouldNotFilter(HttpServletRequest request) {
      if (!request.getMethod().equals("GET")) return true;
      PathContainer path = PathContainer.parsePath(request.getRequestURI());
      return THINGS.stream().noneMatch(thing -> thing.matches(path));
    }

    @Override
    protected String generateETagHeaderValue(InputStream content, boolean isWeak)
        throws IOException {
      return EntityTag.of(content.readAllBytes());
    }
  }
}
