package dev.graft.nemesis;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Continuously asks an adapter the same question with greedy decoding. All answers must be equal,
 * whichever server gives them and whatever was killed meanwhile.
 */
final class Chats implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final Duration FIRST = Duration.ofMinutes(2);
  private static final int TOKENS = 24;

  private final Api api;
  private final Map<String, ?> request;
  private final KillReport report;
  private final String expected;
  private final ClientLoop loop = new ClientLoop("chats", PAUSE, this::call);
  private final AtomicInteger answered = new AtomicInteger();

  private Chats(Api api, String model, KillReport report) {
    this.api = api;
    this.report = report;
    this.request =
        Map.of(
            "model",
            model,
            "messages",
            List.of(Map.of("role", "user", "content", "Which products are there?")),
            "temperature",
            0,
            "max_tokens",
            TOKENS);
    this.expected = first();
  }

  /**
   * Asks once before anything is killed; that answer is the reference.
   *
   * @throws Stuck if there is no answer
   */
  static Chats start(Api api, String model, KillReport report) {
    Chats started = new Chats(api, model, report);
    started.loop.start();
    return started;
  }

  private String first() {
    Deadline deadline = Deadline.in(FIRST);
    while (true) {
      try {
        return ask();
      } catch (NotAcknowledged notYet) {
        if (deadline.passed()) throw new Stuck("no chat is answered: " + notYet.getMessage());
        Deadline.pause(PAUSE);
      }
    }
  }

  private String ask() {
    return api.post("/v1/chat/completions", request).path("choices").toString();
  }

  private void call() {
    try {
      String answer = ask();
      answered.incrementAndGet();
      report.expect(
          answer.equals(expected), "a chat answered %s, not %s".formatted(answer, expected));
    } catch (Stuck refused) {
      report.expect(false, "a chat was refused: " + refused.getMessage());
    }
  }

  /** After the end. */
  String summary() {
    report.expect(answered.get() > 0, "no chat was answered");
    return "chats: %d answered, %d unanswered".formatted(answered.get(), loop.unanswered());
  }

  @Override
  public void close() {
    loop.close();
  }
}
