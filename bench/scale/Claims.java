import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A worker that claims jobs and gives them back at once, which puts them where they were. */
final class Claims {
  private static final int PER_SECOND = 10;
  private static final Pattern LEASE =
      Pattern.compile("\"job_id\":\"([^\"]+)\",\"epoch\":(\\d+),\"token\":\"([^\"]+)\"");
  private static final Pattern CREDENTIAL = Pattern.compile("\"credential\":\"([^\"]+)\"");

  private final HttpClient http;
  private final RunningServer server;
  private final String credential;

  private Claims(HttpClient http, RunningServer server, String credential) {
    this.http = http;
    this.server = server;
    this.credential = credential;
  }

  static Claims join(HttpClient http, RunningServer server) throws Exception {
    String token = server.command("worker-token", "create");
    HttpRequest join =
        post(server, "/join", "{\"token\":\"%s\",\"name\":\"bench\"}".formatted(token)).build();
    return new Claims(
        http, server, found(CREDENTIAL, http.send(join, BodyHandlers.ofString())).group(1));
  }

  void run(int seconds, Latencies latencies) throws Exception {
    long start = System.nanoTime();
    for (int i = 0; i < seconds * PER_SECOND; i++) {
      long due = start + i * 1_000_000_000L / PER_SECOND;
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      long sent = System.nanoTime(); // one worker asks again only when it was answered
      HttpResponse<String> claimed = send(post(server, "/leases", "{\"wait_ms\":0}"));
      latencies.took(System.nanoTime() - sent);
      Matcher lease = found(LEASE, claimed);
      HttpRequest.Builder release =
          post(server, "/leases/" + lease.group(1) + "/release", "{\"declined\":false}");
      send(release.header("graft-lease", lease.group(2) + "." + lease.group(3)));
    }
  }

  private static HttpRequest.Builder post(RunningServer server, String path, String body) {
    return HttpRequest.newBuilder(server.url().resolve("/worker/v1" + path))
        .header("content-type", "application/json")
        .header("graft-protocol", "4")
        .POST(BodyPublishers.ofString(body));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> response =
        http.send(
            request.header("authorization", "Bearer " + credential).build(),
            BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2)
      throw new IOException(response.statusCode() + " " + response.body());
    return response;
  }

  private static Matcher found(Pattern pattern, HttpResponse<String> response) throws IOException {
    Matcher matcher = pattern.matcher(response.body());
    if (!matcher.find()) throw new IOException(response.statusCode() + " " + response.body());
    return matcher;
  }
}
