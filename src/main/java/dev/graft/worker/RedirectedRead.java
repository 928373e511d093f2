package dev.graft.worker;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;

/** Where a server sends its worker for content: a stranger, who is told nothing of the server. */
record RedirectedRead(URI elsewhere) {
  private static final int FOUND = 302;

  static Optional<RedirectedRead> of(HttpResponse<InputStream> answer) {
    if (answer.statusCode() != FOUND) return Optional.empty();
    discard(answer);
    return answer
        .headers()
        .firstValue("location")
        .map(location -> new RedirectedRead(answer.uri().resolve(location)));
  }

  HttpRequest request(Duration deadline) {
    return HttpRequest.newBuilder(elsewhere).timeout(deadline).GET().build();
  }

  /** A link that is too old, a store that is away: the next one may be better. */
  HttpResponse<InputStream> content(HttpResponse<InputStream> answer) {
    if (answer.statusCode() == 200) return answer;
    discard(answer);
    throw new UncheckedIOException(
        new IOException(
            "%s, where the server sends for content, answered %d"
                .formatted(elsewhere.getHost(), answer.statusCode())));
  }

  private static void discard(HttpResponse<InputStream> answer) {
    try {
      answer.body().close();
    } catch (IOException gone) {
      // Nobody wants it.
    }
  }
}
