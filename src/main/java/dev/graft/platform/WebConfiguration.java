package dev.graft.platform;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.tomcat.TomcatConnectorCustomizer;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.autoconfigure.WebMvcRegistrations;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.MediaType;
import org.springframework.http.server.PathContainer;
import org.springframework.security.web.firewall.FirewalledRequest;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;
import org.springframework.web.util.pattern.PathPattern;

/** The configuration of Spring MVC, Tomcat and the HTTP firewall. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration {
  /** Paths with names that may contain a slash, which SDKs send as %2F. */
  private static final List<String> WITH_SLASHES =
      List.of("/v1/models/", "/v1/fine_tuning/checkpoints/", "/v1/adapters/");

  /**
   * Spring's strict firewall, with two exceptions: names may contain encoded slashes, and an
   * unknown method is answered with 405 instead of a malformed request.
   */
  @Bean
  HttpFirewall firewall() {
    StrictHttpFirewall strict = new StrictHttpFirewall();
    StrictHttpFirewall names = new StrictHttpFirewall();
    strict.setUnsafeAllowAnyHttpMethod(true);
    names.setUnsafeAllowAnyHttpMethod(true);
    names.setAllowUrlEncodedSlash(true);
    // Tomcat passes %2F through, so the decoded path still has a percent sign.
    names.setAllowUrlEncodedPercent(true);
    return new HttpFirewall() {
      @Override
      public FirewalledRequest getFirewalledRequest(HttpServletRequest request) {
        boolean named = WITH_SLASHES.stream().anyMatch(request.getRequestURI()::startsWith);
        return (named ? names : strict).getFirewalledRequest(request);
      }

      @Override
      public HttpServletResponse getFirewalledResponse(HttpServletResponse response) {
        return strict.getFirewalledResponse(response);
      }
    };
  }

  @Bean
  RequestRejectedHandler rejectedByTheFirewall(ErrorWriter errors) {
    return (request, response, rejected) ->
        errors.write(
            response,
            new RequestFailed(
                ProblemType.INVALID_REQUEST, "The URL or a header of the request is malformed."));
  }

  @Bean
  WebMvcRegistrations mappings() {
    return new WebMvcRegistrations() {
      @Override
      public RequestMappingHandlerMapping getRequestMappingHandlerMapping() {
        return new RouteMappings();
      }
    };
  }

  /** Configures every connector, including those that modules add. */
  @Bean
  TomcatConnectorCustomizer connectors() {
    return connector -> {
      connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue());
      // Allows unencoded metadata[key]=value and created_at[gte]=...
      connector.setProperty("relaxedQueryChars", "[]");
      // Large files need an eighth of the reads.
      connector.setProperty("socket.appReadBufSize", "65536");
    };
  }

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat() {
    return tomcat ->
        tomcat.addContextCustomizers(
            context ->
                ((org.apache.catalina.core.StandardHost) context.getParent())
                    .setErrorReportValveClass(TomcatErrors.class.getName()));
  }

  /**
   * Maps requests to routes. Two things differ from Spring: a variable for the rest of a path,
   * <code>{*model}</code>, must not be empty, so that {@code /v1/models} matches only the list; and
   * the {@code Allow} of a 405 contains all methods, as that of {@code OPTIONS} does (RFC 9110,
   * 10.2.1).
   */
  static final class RouteMappings extends RequestMappingHandlerMapping {
    @Override
    protected @Nullable RequestMappingInfo getMatchingMapping(
        RequestMappingInfo route, HttpServletRequest request) {
      RequestMappingInfo match = super.getMatchingMapping(route, request);
      // Checked after the match, because this parses the path again.
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

  /**
   * Writes Tomcat's own errors (an invalid request line, an illegal character in the path), which
   * reach no filter or controller, as OpenAI errors. Tomcat instantiates this class by name.
   */
  public static class TomcatErrors extends ErrorReportValve {
    @Override
    protected void report(Request request, Response response, Throwable failure) {
      int status = response.getStatus();
      if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
        return;
      }
      String type = status < 500 ? "invalid_request_error" : "server_error";
      String message = status < 500 ? "The request is malformed." : "An internal error occurred.";
      try {
        response.setContentType(MediaType.APPLICATION_JSON_VALUE);
        response.setCharacterEncoding("UTF-8");
        if (response.getReporter() != null) {
          response
              .getReporter()
              .write(
                  "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,\"code\":null}}"
                      .formatted(message, type));
          response.finishResponse();
        }
      } catch (IOException clientGone) {
        // the client has closed the connection
      }
    }
  }
}
