import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How fast the API answers with 130,000 jobs of 1,000 departments (crowded-queue.sql) in it.
 *
 * <p>{@code java bench/scale/ApiLatency.java [seconds] [requests a second]}: an open loop (a
 * request is sent when it is due, whether or not earlier ones were answered, and measured from
 * then) of {@code GET job}, pages of jobs and of events, half of them of a department with 20,000
 * waiting jobs; after it claims of a worker, ten a second, each given back. One line of JSON for
 * each kind; ends with 1 if a 99th percentile is over its bound (25 ms; 20 ms for claims).
 */
final class ApiLatency {
  private static final double READ_BOUND = 25;
  private static final double CLAIM_BOUND = 20;
  private static final int WARM_UP_SECONDS = 20;
  private static final String JOBS = "/v1/fine_tuning/jobs";
  private static final List<String> KINDS = List.of("get job", "list jobs", "list events");
  private static final Pattern KEY = Pattern.compile("\"value\":\"([^\"]+)\"");
  private static final String BUSY = "proj_busy";
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final List<String> SMALL =
      List.of("proj_1", "proj_2", "proj_3", "proj_4", "proj_5");

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Random random = new Random(20_260_101);
  private final Map<String, Latencies> latencies = new TreeMap<>();
  private final RunningServer server;

  private ApiLatency(RunningServer server) {
    this.server = server;
  }

  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 60;
    int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 100;
    boolean good;
    try (RunningServer server = RunningServer.start("256m", "")) {
      good = new ApiLatency(server).measure(seconds, rate);
      System.out.printf(
          "{\"what\":\"server\",\"heap_mb\":256,\"peak_process_mb\":%d}%n", server.peakMegabytes());
    }
    System.exit(good ? 0 : 1);
  }

  private boolean measure(int seconds, int rate) throws Exception {
    crowd();
    Map<String, String> keys = keys();
    load(keys, WARM_UP_SECONDS, rate);
    latencies.clear();
    load(keys, seconds, rate);
    Claims claims = Claims.join(http, server);
    claims.run(WARM_UP_SECONDS, new Latencies("claim, warming up", CLAIM_BOUND));
    Latencies claim = new Latencies("claim", CLAIM_BOUND);
    claims.run(seconds, claim);
    latencies.put(claim.name(), claim);
    return latencies.values().stream().map(Latencies::report).reduce(true, Boolean::logicalAnd);
  }

  private void crowd() throws Exception {
    try (Connection database = server.database();
        Statement sql = database.createStatement()) {
      sql.execute(Files.readString(RunningServer.root().resolve("bench/scale/crowded-queue.sql")));
      sql.execute("vacuum analyze");
      sql.execute("checkpoint");
    }
  }

  /** A key for each of the departments that ask. */
  private Map<String, String> keys() throws Exception {
    String admin = server.command("key", "create", "--scope", "admin");
    List<String> departments = new ArrayList<>(SMALL);
    departments.add(BUSY);
    Map<String, String> keys = new TreeMap<>();
    for (String department : departments) {
      HttpRequest request =
          request("/v1/organization/projects/" + department + "/service_accounts", admin)
              .header("content-type", "application/json")
              .POST(BodyPublishers.ofString("{\"name\":\"bench\"}"))
              .build();
      HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
      Matcher key = KEY.matcher(response.body());
      if (!key.find()) throw new IOException(response.statusCode() + " " + response.body());
      keys.put(department, key.group(1));
    }
    return keys;
  }

  private HttpRequest.Builder request(String path, String key) {
    return HttpRequest.newBuilder(server.url().resolve(path))
        .timeout(ANSWER)
        .header("authorization", "Bearer " + key);
  }

  private void load(Map<String, String> keys, int seconds, int rate) throws InterruptedException {
    long start = System.nanoTime();
    int requests = seconds * rate;
    for (int i = 0; i < requests; i++) {
      long due = start + i * 1_000_000_000L / rate;
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      String department = random.nextBoolean() ? BUSY : SMALL.get(random.nextInt(SMALL.size()));
      String kind = KINDS.get(i % KINDS.size());
      send(kind, path(kind, department), keys.get(department), due);
    }
    Thread.sleep(2_000); // what is late by more than that has missed any bound
  }

  private String path(String kind, String department) {
    String job = job(department);
    return switch (kind) {
      case "get job" -> JOBS + "/" + job;
      case "list jobs" -> JOBS + (random.nextBoolean() ? "" : "?after=" + job);
      default -> JOBS + "/" + job + "/events";
    };
  }

  /**
   * As crowded-queue.sql names them; a fifth of those of the talkative job's department are that
   * one.
   */
  private String job(String department) {
    if (department.equals(BUSY)) return "ftjob-busy-" + (1 + random.nextInt(20_000));
    int number = Integer.parseInt(department.substring("proj_".length()));
    if (number == 2 && random.nextInt(5) == 0) return "ftjob-ended-1";
    return "ftjob-" + (number - 1 + 999 * (1 + random.nextInt(79)));
  }

  private void send(String kind, String path, String key, long due) {
    Latencies of = latencies.computeIfAbsent(kind, name -> new Latencies(name, READ_BOUND));
    http.sendAsync(request(path, key).build(), BodyHandlers.ofString())
        .whenComplete(
            (response, failure) -> {
              if (failure != null) of.failed(path + ": " + failure);
              else if (response.statusCode() == 200) of.took(System.nanoTime() - due);
              else of.failed(path + ": " + response.statusCode() + " " + response.body());
            });
  }
}
