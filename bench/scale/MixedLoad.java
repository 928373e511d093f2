import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Twenty departments at two servers over one database and store.
 *
 * <p>{@code java bench/scale/MixedLoad.java [seconds] [requests a second]}, by default 600 and 200:
 * an open loop (a request is sent when it is due, and measured from then) over both servers in turn:
 * of a hundred requests 88 read a job, jobs, events, a file, files or models, 4 upload a small file, 4
 * submit a job, 2 cancel one, 2 delete a file. Then one department sends four times what its limit
 * allows, to both. Ends with 1 if the 99th percentile of all is over 50 ms or that of a kind over
 * 100 ms, an answer is 5xx or none, the limit is more than 10 % off, or a server's memory has grown by
 * 5 % or more over the last half.
 */
final class MixedLoad {
  private static final double BOUND = 50;
  private static final double BOUND_OF_A_KIND = 100;
  private static final int WARM_UP_SECONDS = 70;
  private static final int DEPARTMENTS = 20;
  private static final int LIMIT = 600;
  private static final String MODEL = "graft-demo-base";
  private static final String JOBS = "/v1/fine_tuning/jobs";
  private static final Duration ANSWER = Duration.ofSeconds(20);
  private static final List<String> READS =
      List.of("get job", "list events", "list jobs", "get file", "list files", "list models");
  private static final Pattern ID = Pattern.compile("\"id\":\"((?:ftjob|file)-[^\"]+)\"");
  private static final Pattern PROJECT = Pattern.compile("\"id\":\"(proj_[^\"]+)\"");
  private static final Pattern SECRET = Pattern.compile("\"value\":\"([^\"]+)\"");
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"Where is my order %d?\"},"
          + "{\"role\":\"assistant\",\"content\":\"On its way.\"}]}\n";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Random random = new Random(20_260_102);
  private final Map<String, Latencies> latencies = new ConcurrentHashMap<>();
  private final List<RunningServer> servers;
  private final List<Department> departments = new ArrayList<>();
  private boolean good = true;

  /** Its key, and the newest of what it has made. */
  private static final class Department {
    final String id;
    final String key;
    String training = "";
    volatile String file = "";
    volatile String job = "";

    Department(String id, String key) {
      this.id = id;
      this.key = key;
    }
  }

  private MixedLoad(List<RunningServer> servers) {
    this.servers = servers;
  }

  public static void main(String[] arguments) throws Exception {
    int seconds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 600;
    int rate = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 200;
    String settings =
        """
        graft.tenancy.requests-per-minute=100000
        graft.tenancy.requests-per-minute-of-key=100000
        graft.tenancy.max-queued=1000000
        spring.datasource.hikari.maximum-pool-size=16
        graft.jobs.worker-connections=4
        """;
    boolean good;
    try (RunningServer first = RunningServer.start("512m", settings);
        RunningServer second = first.beside("512m", settings)) {
      good = new MixedLoad(List.of(first, second)).measure(seconds, rate);
    }
    System.exit(good ? 0 : 1);
  }

  private boolean measure(int seconds, int rate) throws Exception {
    prepare();
    // As people come in the morning: two servers that have just started share two cores.
    for (int share = 8; share > 0; share /= 2) load(WARM_UP_SECONDS / 2, Math.max(1, rate / share));
    latencies.clear();
    List<long[]> memory = load(seconds, rate);
    for (Latencies each : new TreeMap<>(latencies).values()) good &= each.report();
    for (int i = 0; i < servers.size(); i++) flat(i, memory);
    limit();
    return good;
  }

  private void prepare() throws Exception {
    RunningServer first = servers.getFirst();
    Path model = RunningServer.root().resolve("src/main/resources/dev/graft/client/base-model");
    first.command("models", "add", MODEL, "--from", model.toString());
    String admin = first.command("key", "create", "--scope", "admin");
    for (int i = 0; i < DEPARTMENTS; i++) departments.add(department(admin, "department " + i));
  }

  private Department department(String admin, String name) throws Exception {
    String project = "/v1/organization/projects";
    String id = id(PROJECT, posted(admin, project, "{\"name\":\"" + name + "\"}"));
    String account =
        posted(admin, project + "/" + id + "/service_accounts", "{\"name\":\"bench\"}");
    Department made = new Department(id, id(SECRET, account));
    made.training = made(request(0, "upload", made));
    made.file = made.training;
    String path = "/v1/files/" + made.training;
    long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!answer(to(0, path, made.key).GET().build()).contains("\"processed\"")) {
      if (System.nanoTime() > end) throw new IOException(path + " is not processed");
      Thread.sleep(200);
    }
    made.job = made(request(0, "submit", made));
    return made;
  }

  private String posted(String key, String path, String json) throws Exception {
    return answer(json(to(0, path, key), json));
  }

  private String answer(HttpRequest request) throws Exception {
    HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
    if (response.statusCode() != 200)
      throw new IOException(request.uri() + ": " + response.statusCode() + " " + response.body());
    return response.body();
  }

  private String made(HttpRequest request) throws Exception {
    return id(ID, answer(request));
  }

  private static String id(Pattern pattern, String body) throws IOException {
    Matcher found = pattern.matcher(body);
    if (!found.find()) throw new IOException(body);
    return found.group(1);
  }

  private HttpRequest.Builder to(int server, String path, String key) {
    return HttpRequest.newBuilder(servers.get(server).url().resolve(path))
        .timeout(ANSWER)
        .header("authorization", "Bearer " + key);
  }

  private static HttpRequest json(HttpRequest.Builder to, String json) {
    return to.header("content-type", "application/json")
        .POST(BodyPublishers.ofString(json))
        .build();
  }

  private HttpRequest request(int server, String kind, Department of) {
    return switch (kind) {
      case "upload" -> upload(to(server, "/v1/files", of.key));
      case "submit" ->
          json(
              to(server, JOBS, of.key),
              "{\"model\":\"%s\",\"training_file\":\"%s\",\"seed\":%d}"
                  .formatted(MODEL, of.training, random.nextInt(1_000_000)));
      case "cancel" -> json(to(server, JOBS + "/" + of.job + "/cancel", of.key), "");
      case "delete file" -> to(server, "/v1/files/" + of.file, of.key).DELETE().build();
      case "get job" -> to(server, JOBS + "/" + of.job, of.key).GET().build();
      case "list events" -> to(server, JOBS + "/" + of.job + "/events", of.key).GET().build();
      case "list jobs" -> to(server, JOBS, of.key).GET().build();
      case "get file" -> to(server, "/v1/files/" + of.training, of.key).GET().build();
      case "list files" -> to(server, "/v1/files", of.key).GET().build();
      default -> to(server, "/v1/models", of.key).GET().build();
    };
  }

  private HttpRequest upload(HttpRequest.Builder to) {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 20; i++) rows.append(ROW.formatted(random.nextInt(1_000_000)));
    String body =
        "--b\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
            + "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n"
            + rows
            + "\r\n--b--\r\n";
    return to.header("content-type", "multipart/form-data; boundary=b")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private String kind(int number) {
    return switch (number % 50) {
      case 7, 32 -> "upload";
      case 14, 39 -> "submit";
      case 21 -> "cancel";
      case 46 -> "delete file";
      default -> READS.get(random.nextInt(READS.size()));
    };
  }

  /** Memory of each server, in kB, once a second. */
  private List<long[]> load(int seconds, int rate) throws Exception {
    List<long[]> memory = new ArrayList<>();
    long start = System.nanoTime();
    for (int i = 0; i < seconds * rate; i++) {
      long due = start + i * 1_000_000_000L / rate;
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      if (i % rate == 0)
        memory.add(new long[] {servers.get(0).kilobytes(), servers.get(1).kilobytes()});
      send(i % 2, kind(i), departments.get(random.nextInt(DEPARTMENTS)), due);
    }
    Thread.sleep(5_000); // what is late by more than that has missed any bound
    return memory;
  }

  private void send(int server, String kind, Department of, long due) {
    Latencies times =
        latencies.computeIfAbsent(kind, name -> new Latencies(name, BOUND_OF_A_KIND));
    Latencies all = latencies.computeIfAbsent("all", name -> new Latencies(name, BOUND));
    http.sendAsync(request(server, kind, of), BodyHandlers.ofString())
        .whenComplete(
            (response, failure) -> {
              if (failure != null) times.failed(kind + ": " + failure);
              else if (response.statusCode() / 100 == 5 || response.statusCode() == 429)
                times.failed(kind + ": " + response.statusCode() + " " + response.body());
              else {
                long took = System.nanoTime() - due;
                times.took(took);
                all.took(took);
                if (response.statusCode() == 200) note(kind, of, response.body());
              }
            });
  }

  /** What it has made is what is read, cancelled and deleted next. */
  private static void note(String kind, Department of, String body) {
    Matcher id = ID.matcher(body);
    if (kind.equals("upload") && id.find()) of.file = id.group(1);
    if (kind.equals("submit") && id.find()) of.job = id.group(1);
  }

  /** Medians of a tenth each: at half time, and at the end. */
  private void flat(int server, List<long[]> memory) {
    int tenth = Math.max(1, memory.size() / 10);
    double half = median(memory.subList(memory.size() / 2, memory.size() / 2 + tenth), server);
    double end = median(memory.subList(memory.size() - tenth, memory.size()), server);
    boolean flat = end < half * 1.05;
    good &= flat;
    System.out.printf(
        Locale.ROOT,
        "{\"what\":\"memory of server %d\",\"half_mb\":%.0f,\"end_mb\":%.0f,\"growth\":%.4f,\"good\":%b}%n",
        server + 1,
        half / 1024,
        end / 1024,
        end / half - 1,
        flat);
  }

  private static double median(List<long[]> memory, int server) {
    long[] sorted = memory.stream().mapToLong(each -> each[server]).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  /** What goes through in a minute, once what the bucket held is used up. */
  private void limit() throws Exception {
    String admin = servers.getFirst().command("key", "create", "--scope", "admin");
    Department of = departments.getFirst();
    posted(
        admin,
        "/v1/organization/projects/" + of.id + "/rate_limits/rl-requests",
        "{\"max_requests_per_1_minute\":" + LIMIT + "}");
    passed(of, 60);
    int passed = passed(of, 60);
    boolean exact = Math.abs(passed - LIMIT) <= LIMIT / 10;
    good &= exact;
    System.out.printf(
        "{\"what\":\"requests a minute\",\"limit\":%d,\"passed\":%d,\"good\":%b}%n",
        LIMIT, passed, exact);
  }

  private int passed(Department of, int seconds) throws Exception {
    AtomicInteger passed = new AtomicInteger();
    int rate = 4 * LIMIT / 60;
    long start = System.nanoTime();
    for (int i = 0; i < seconds * rate; i++) {
      long due = start + i * 1_000_000_000L / rate;
      for (long left; (left = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
      http.sendAsync(request(i % 2, "list models", of), BodyHandlers.discarding())
          .thenAccept(response -> passed.addAndGet(response.statusCode() == 200 ? 1 : 0));
    }
    Thread.sleep(1_000);
    return passed.get();
  }
}
