package dev.graft.console;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.InputStream;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;

/** Files on their way between browser and API, never whole in memory. */
@Component
class Relay {
  private static final List<String> TOLD =
      List.of(
          HttpHeaders.CONTENT_TYPE,
          HttpHeaders.CONTENT_LENGTH,
          HttpHeaders.CONTENT_DISPOSITION,
          HttpHeaders.ETAG);

  private final RestClient api;

  Relay(RestClient relayClient) {
    this.api = relayClient;
  }

  /** Sends a file of the API to a browser, which saves it. */
  public void download(HttpServletResponse to, String template, @Nullable Object... variables) {
    api.get()
        .uri(template, variables)
        .accept(MediaType.APPLICATION_OCTET_STREAM)
        .exchange(
            (request, answer) -> {
              HttpHeaders headers = answer.getHeaders();
              if (answer.getStatusCode().isError()) throw PageRefused.of(answer);
              URI elsewhere = headers.getLocation();
              if (answer.getStatusCode().is3xxRedirection() && elsewhere != null) {
                to.sendRedirect(elsewhere.toString());
                return null;
              }
              for (String name : TOLD) {
                String value = headers.getFirst(name);
                if (value != null) to.setHeader(name, value);
              }
              // What a department has uploaded is saved, never shown as a page of ours.
              if (!to.containsHeader(HttpHeaders.CONTENT_DISPOSITION)) {
                to.setHeader(HttpHeaders.CONTENT_DISPOSITION, "attachment");
              }
              try (InputStream bytes = answer.getBody()) {
                bytes.transferTo(to.getOutputStream());
              }
              return null;
            });
  }

  /** Sends the form that a browser uploads to the API as it comes. */
  public DataFileView upload(HttpServletRequest from) {
    DataFileView made =
        api.post()
            .uri("/v1/files")
            .header(HttpHeaders.CONTENT_TYPE, from.getContentType())
            .body(out -> from.getInputStream().transferTo(out))
            .retrieve()
            .body(DataFileView.class);
    if (made == null) throw new IllegalStateException("the API answered an upload with nothing");
    return made;
  }
}
