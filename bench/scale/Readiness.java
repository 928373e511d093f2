import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * How fast a server says that it is well with 100,000 jobs (finished-jobs.sql) that have ended.
 *
 * <p>{@code java bench/scale/Readiness.java [seconds] [requests a second]}: an open loop (a request
 * is sent when it is due, and measured from then) of {@code /actuator/health}, then of {@code
 * /readyz}, which probes ask. One line of JSON for
 * each; ends with 1 if a 99th percentile is over 20 ms, or an answer is not 200.
 */
final class Readiness {
  private static final double BOUND = 20;
  private static final int WARM_UP_SECONDS = 20;
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final List<String> PATHS =
      List.of("/actuator/health", "/readyz");

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final RunningServer server;

  private Readiness(RunningServer server) {
    this.server = server;
  }

  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 30;
    int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 50;
    boolean good;
    try (RunningServer server = RunningServer.start("256m", "")) {
      good = new Readiness(server).measure(seconds, rate);
    }
    System.exit(good ? 0 : 1);
  }

  private boolean measure(int seconds, int rate) throws Exception {
    try (Connection database = server.database();
        Statement sql = database.createStatement()) {
      sql.execute(Files.readString(RunningServer.root().resolve("bench/scale/finished-jobs.sql")));
      sql.execute("vacuum analyze");
      sql.execute("checkpoint");
    }
    boolean good = true;
    for (String path : PATHS) {
      ask(path, WARM_UP_SECONDS, rate, new Latencies(path + ", warming up", BOUND));
      Latencies asked = new Latencies(path, BOUND);
      ask(path, seconds, rate, asked);
      good &= asked.report();
    }
    return good;
  }

  private void ask(String path, int seconds, int rate, Latencies of) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(server.url().resolve(path)).timeout(ANSWER).build();
    long start = System.nanoTime();
    for (int i = 0; i < seconds * rate; i++) {
      long due = start + i * 1_000_000_000L / rate;
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      http.sendAsync(request, BodyHandlers.ofString())
          .whenComplete((answer, failure) -> note(path, answer, failure, due, of));
    }
    Thread.sleep(2_000); // what is late by more than that has missed any bound
  }

  private static void note(
      String path, HttpResponse<String> answer, Throwable failure, long due, Latencies of) {
    if (failure != null) of.failed(path + ": " + failure);
    else if (answer.statusCode() == 200) of.took(System.nanoTime() - due);
    else of.failed(path + ": " + answer.statusCode() + " " + answer.body());
  }
}
