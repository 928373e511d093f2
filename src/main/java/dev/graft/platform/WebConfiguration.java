package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.springframework.boot.tomcat.TomcatConnectorCustomizer;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.autoconfigure.WebMvcRegistrations;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.web.firewall.FirewalledRequest;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** What reaches the controllers at all. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration {
  /** Names of models and of files of adapters may hold a slash: SDKs send it as %2F. */
  private static final List<String> WITH_SLASHES =
      List.of("/v1/models/", "/v1/fine_tuning/checkpoints/", "/v1/adapters/");

  /**
   * Strict everywhere, except that encoded slashes pass in names that have some, and that what no
   * route has is a method that is not offered (405), not a malformed request.
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
                ProblemType.INVALID_REQUEST, "The request's URL or a header is malformed."));
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

  /** Of every connector, also of those that a module adds. */
  @Bean
  TomcatConnectorCustomizer connectors() {
    return connector -> {
      connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue());
      // As curl -g and people write metadata[key]=value and created_at[gte]=...
      connector.setProperty("relaxedQueryChars", "[]");
      // A large file comes in an eighth of the reads.
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
}
