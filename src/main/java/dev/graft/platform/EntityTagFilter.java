package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.ShallowEtagHeaderFilter;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Gives the JSON of single things an {@code ETag}, and answers {@code If-None-Match} with 304: a
 * client that polls is told what it has already without the bytes. Lists, which are long, and
 * files, which have tags of their own, are left alone.
 */
@Component
final class EntityTagFilter extends ShallowEtagHeaderFilter {
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
  protected String generateETagHeaderValue(InputStream content, boolean isWeak) throws IOException {
    return EntityTag.of(content.readAllBytes());
  }
}
