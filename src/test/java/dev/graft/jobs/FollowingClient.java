package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.tenancy.ApiClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Reads a stream of events as it comes; {@code close} leaves it. */
public final class FollowingClient implements AutoCloseable {
  public static final String END = "(end of the stream)";

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final long LONGEST = 20;

  private final HttpResponse<InputStream> answer;
  private final BlockingQueue<String> blocks = new LinkedBlockingQueue<>();

  /**
   * @param lastEventId empty for none
   */
  public FollowingClient(ApiClient client, String path, String lastEventId) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + client.port() + path))
            .header("authorization", "Bearer " + client.key())
            .header("accept", "text/event-stream");
    if (!lastEventId.isEmpty()) request.header("last-event-id", lastEventId);
    answer = HTTP.send(request.build(), BodyHandlers.ofInputStream());
    Thread.ofVirtual().start(this::read);
  }

  private void read() {
    List<String> block = new ArrayList<>();
    try (var lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.isEmpty()) block.add(line);
        else {
          blocks.add(String.join("\n", block));
          block.clear();
        }
      }
    } catch (IOException left) {
      // it ends as well
    }
    blocks.add(END);
  }

  public int status() {
    return answer.statusCode();
  }

  public String header(String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  /** The next block of any kind: an event, a comment, {@code retry}, or {@link #END}. */
  public String block() throws InterruptedException {
    String block = blocks.poll(LONGEST, TimeUnit.SECONDS);
    assertThat(block).as("something of the stream in %d s", LONGEST).isNotNull();
    return block;
  }

  /** The next event, or {@link #END}. */
  public String event() throws InterruptedException {
    String block = block();
    while (block.startsWith(":") || block.startsWith("retry:")) block = block();
    return block;
  }

  public List<String> events(int count) throws InterruptedException {
    List<String> events = new ArrayList<>();
    for (int i = 0; i < count; i++) events.add(event());
    return events;
  }

  /** All that are still to come, without {@link #END}. */
  public List<String> rest() throws InterruptedException {
    List<String> events = new ArrayList<>();
    for (String event = event(); !event.equals(END); event = event()) events.add(event);
    return events;
  }

  public static String id(String event) {
    return event.lines().findFirst().orElseThrow().replace("id: ", "");
  }

  @Override
  public void close() throws IOException {
    answer.body().close();
  }
}
