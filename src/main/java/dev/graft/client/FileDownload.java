package dev.graft.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A file on its way. What breaks off goes on where it ended, as long as something arrives; who asks
 * for it has a digest.
 *
 * @param request of the whole, without its method
 */
record FileDownload(HttpClient http, String server, Supplier<HttpRequest.Builder> request) {
  /** In a row that bring nothing. */
  private static final int VAIN_ATTEMPTS = 3;

  /**
   * @param part may have the beginning
   * @throws ApiRefused if the server does not give it
   * @throws NoAnswer after some attempts that brought nothing
   */
  void into(Path part) throws IOException {
    int vain = 0;
    while (true) {
      long before = Files.size(part);
      try {
        HttpResponse<String> answer = send(request.get(), before, part);
        if (answer.statusCode() / 100 == 3) fetch(answer, before, part);
        else if (!GraftApi.isBusy(answer) || ++vain == VAIN_ATTEMPTS) GraftApi.accepted(answer);
        if (answer.statusCode() / 100 <= 3) return;
        LockSupport.parkNanos(GraftApi.pause(answer).toNanos());
      } catch (IOException brokeOff) {
        vain = Files.size(part) > before ? 0 : vain + 1;
        if (vain == VAIN_ATTEMPTS) throw new NoAnswer(server, brokeOff);
        LockSupport.parkNanos(GraftApi.PAUSE.toNanos());
      }
    }
  }

  /** From where the server sends its clients for content: another's, who is told no key. */
  private void fetch(HttpResponse<String> redirect, long from, Path part) throws IOException {
    URI elsewhere =
        redirect
            .headers()
            .firstValue("location")
            .map(redirect.uri()::resolve)
            .orElseThrow(() -> GraftApi.refused(redirect, redirect.body()));
    HttpRequest.Builder there = HttpRequest.newBuilder(elsewhere).timeout(GraftApi.PATIENCE);
    HttpResponse<String> answer = send(there, from, part);
    if (answer.statusCode() / 100 != 2)
      throw new ApiRefused(
          answer.statusCode(),
          "the content is at " + elsewhere.getHost() + ", which does not give it",
          null);
  }

  private HttpResponse<String> send(HttpRequest.Builder asked, long from, Path part)
      throws IOException {
    asked.header("accept", "application/octet-stream").GET();
    if (from > 0) asked.header("range", "bytes=" + from + "-");
    try {
      return http.send(asked.build(), into(part, from));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** A refusal has a body too, but it is no file. */
  private static BodyHandler<String> into(Path part, long from) {
    return answer -> {
      if (answer.statusCode() / 100 != 2) return BodyHandlers.ofString().apply(answer);
      boolean rest = from > 0 && answer.statusCode() == 206;
      StandardOpenOption how =
          rest ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
      return BodySubscribers.mapping(
          BodyHandlers.ofFile(part, StandardOpenOption.WRITE, how).apply(answer), Path::toString);
    };
  }
}
