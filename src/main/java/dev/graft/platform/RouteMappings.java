package dev.graft.platform;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.PathContainer;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;

/**
 * Which route a request meets. Two things differ from Spring's: a variable for the rest of a path,
 * <code>{*model}</code>, is not empty, so that {@code /v1/models} has the methods of the list
 * alone; and the {@code Allow} of a 405 names all methods there are, as that of {@code OPTIONS}
 * does (RFC 9110, 10.2.1).
 */
final class RouteMappings extends RequestMappingHandlerMapping {
  @Override
  protected @Nullable RequestMappingInfo getMatchingMapping(
      RequestMappingInfo route, HttpServletRequest request) {
    RequestMappingInfo match = super.getMatchingMapping(route, request);
    // After the match: nearly all routes end there, and this reads the path anew.
    return match != null && hasItsRest(route, request) ? match : null;
  }

  @Override
  protected @Nullable HandlerMethod handleNoMatch(
      Set<RequestMappingInfo> routes, String path, HttpServletRequest request)
      throws ServletException {
    Set<RequestMappingInfo> near =
        routes.stream().filter(route -> hasItsRest(route, request)).collect(Collectors.toSet());
    try {
      return super.handleNoMatch(near, path, request);
    } catch (HttpRequestMethodNotSupportedException wrong) {
      throw new HttpRequestMethodNotSupportedException(wrong.getMethod(), all(wrong));
    }
  }

  private static boolean hasItsRest(RequestMappingInfo route, HttpServletRequest request) {
    PathContainer path =
        ServletRequestPathUtils.getParsedRequestPath(request).pathWithinApplication();
    return patterns(route)
        .filter(pattern -> pattern.getPatternString().contains("{*"))
        .map(pattern -> pattern.matchAndExtract(path))
        .allMatch(
            match ->
                match == null
                    || match.getUriVariables().values().stream()
                        .allMatch(v -> !v.isEmpty() && !v.equals("/")));
  }

  private static Stream<PathPattern> patterns(RequestMappingInfo route) {
    var patterns = route.getPathPatternsCondition();
    return patterns == null ? Stream.empty() : patterns.getPatterns().stream();
  }

  private static Set<String> all(HttpRequestMethodNotSupportedException wrong) {
    Set<String> all = new LinkedHashSet<>();
    String[] mapped = wrong.getSupportedMethods();
    if (mapped != null) all.addAll(List.of(mapped));
    if (all.contains("GET")) all.add("HEAD");
    all.add("OPTIONS");
    return all;
  }
}
