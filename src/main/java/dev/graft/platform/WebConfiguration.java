package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import org.apache.tomcat.util.buf.EncodedSolidusHandling;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.security.web.firewall.FirewalledRequest;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.firewall.StrictHttpFirewall;

/** What reaches the controllers at all. */
@Configuration(proxyBeanMethods = false)
@Profile("server")
class WebConfiguration {
  /** Where the last segment is a model's id, which may hold a slash: SDKs send it as %2F. */
  private static final List<String> MODEL_IDS =
      List.of("/v1/models/", "/v1/fine_tuning/checkpoints/");

  /** Strict everywhere; encoded slashes pass only in model ids. */
  @Bean
  HttpFirewall firewall() {
    StrictHttpFirewall strict = new StrictHttpFirewall();
    StrictHttpFirewall modelIds = new StrictHttpFirewall();
    modelIds.setAllowUrlEncodedSlash(true);
    // Tomcat passes %2F through, so the decoded path still has a percent sign.
    modelIds.setAllowUrlEncodedPercent(true);
    return new HttpFirewall() {
      @Override
      public FirewalledRequest getFirewalledRequest(HttpServletRequest request) {
        boolean model = MODEL_IDS.stream().anyMatch(request.getRequestURI()::startsWith);
        return (model ? modelIds : strict).getFirewalledRequest(request);
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
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat() {
    return tomcat -> {
      tomcat.addConnectorCustomizers(
          connector ->
              connector.setEncodedSolidusHandling(EncodedSolidusHandling.PASS_THROUGH.getValue()));
      tomcat.addContextCustomizers(
          context ->
              ((org.apache.catalina.core.StandardHost) context.getParent())
                  .setErrorReportValveClass(TomcatErrors.class.getName()));
    };
  }
}
