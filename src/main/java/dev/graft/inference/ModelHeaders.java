package dev.graft.inference;

import dev.graft.adapters.Adapter;
import jakarta.servlet.http.HttpServletResponse;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What an answer says of its model beside its content: {@code x-graft-model}, the version that an
 * alias stood for; of a deprecated one {@code Deprecation} (RFC 9745), the {@code Link} to the
 * adapter that has the notice, and {@code Sunset} (RFC 8594).
 */
final class ModelHeaders {
  /** RFC 9110, section 5.6.7. */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

  private ModelHeaders() {}

  /**
   * @param version name of the model that answers
   * @param adapter that answers; null for a base model or a checkpoint
   */
  static void write(HttpServletResponse response, String version, @Nullable Adapter adapter) {
    response.setHeader("x-graft-model", version);
    Adapter.Deprecation deprecation = adapter == null ? null : adapter.deprecation();
    if (adapter == null || deprecation == null) return;
    response.setHeader("deprecation", "@" + deprecation.since().getEpochSecond());
    response.setHeader("link", "</v1/adapters/%s>; rel=\"deprecation\"".formatted(adapter.id()));
    if (deprecation.retiresAt() == null) return;
    response.setHeader(
        "sunset", HTTP_DATE.format(deprecation.retiresAt().atOffset(ZoneOffset.UTC)));
  }
}
