package dev.graft.platform;

import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.springframework.http.MediaType;

/**
 * Tomcat's own refusals (a request line that is not HTTP, an illegal character in the path), which
 * no filter and no controller sees, in the same envelope. Made by Tomcat, from its class name.
 */
class TomcatErrors extends ErrorReportValve {
  @Override
  protected void report(Request request, Response response, Throwable failure) {
    int status = response.getStatus();
    if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    String type = status < 500 ? "invalid_request_error" : "server_error";
    String message =
        status < 500 ? "The request is malformed." : "Graft failed to answer this request.";
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
      // nobody is left to tell
    }
  }
}
