package dev.graft.client;

import dev.graft.client.DemoRun.Score.AnsweredQuestion;
import dev.graft.client.SampleData.HeldOutQuestion;
import dev.graft.platform.Bytes;
import dev.graft.platform.Sha256;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Runs the demo over the public API: upload, job, download, questions, scores.
 *
 * @param baseModel the registered name of the demo model
 * @param directory for the downloaded adapter
 * @param servesOn whether the server keeps running, so that next steps should be printed
 */
public record DemoRun(
    URI server, String key, String baseModel, long seed, Path directory, boolean servesOn) {
  private static final double BASE_MAY_KNOW = 0.10;
  private static final double ADAPTER_MUST_KNOW = 0.80;

  /** Runs the demo; returns whether the adapter answers what the base model cannot. */
  public boolean run(Screen screen) throws IOException {
    try (var client = new GraftApi(server, key)) {
      var sample = SampleData.draw(seed);
      JsonNode job = train(client, sample, screen);
      String model = job.path("fine_tuned_model").asString();
      download(client, job, screen);
      List<AnsweredQuestion> base = ask(client, "base", baseModel, sample.questions(), screen);
      List<AnsweredQuestion> adapter = ask(client, "adapter", model, sample.questions(), screen);
      var report = new DemoReport(screen, seed, base, adapter);
      report.threeQuestions();
      report.scores();
      boolean shown =
          Score.of(base).sentenceShare() <= BASE_MAY_KNOW
              && Score.of(adapter).sentenceShare() >= ADAPTER_MUST_KNOW;
      if (!shown) report.notShown(BASE_MAY_KNOW, ADAPTER_MUST_KNOW);
      else if (servesOn) report.tryIt(server, key, model);
      return shown;
    }
  }

  private JsonNode train(GraftApi client, SampleData sample, Screen screen) {
    String file = client.upload("products-%d.jsonl".formatted(seed), sample.jsonl());
    screen.done(
        "data set",
        "%d questions and answers about 8 new products  %s"
            .formatted(sample.rows().size(), screen.faint(file)));
    JsonNode job = client.post("/v1/fine_tuning/jobs", request(file));
    long start = System.nanoTime();
    JsonNode done = new JobWatch(client, screen).untilDone(job.path("id").asString());
    if (!done.path("status").asString().equals("succeeded")) {
      throw new IllegalStateException(
          "job %s %s: %s"
              .formatted(
                  done.path("id").asString(),
                  done.path("status").asString(),
                  done.at("/error/message").asString("no reason given")));
    }
    long seconds = (System.nanoTime() - start) / 1_000_000_000;
    screen.done(
        "training",
        "LoRA r 8, %,d tokens in %d s  %s"
            .formatted(
                done.path("trained_tokens").asLong(0),
                seconds,
                screen.faint(done.path("id").asString())));
    return done;
  }

  /** Returns the request of the demo's job: a high rate and many epochs for a small model. */
  private Map<String, Object> request(String file) {
    var peft =
        Map.of("peft_type", "LORA", "r", 8, "lora_alpha", 16, "target_modules", "all-linear");
    var training = new LinkedHashMap<String, Object>();
    training.put("learning_rate", 5e-3);
    training.put("lr_scheduler_type", "linear");
    training.put("num_train_epochs", 16);
    training.put("per_device_train_batch_size", 16);
    training.put("max_length", 128);
    var request = new LinkedHashMap<String, Object>();
    request.put("model", baseModel);
    request.put("training_file", file);
    request.put("suffix", "products");
    request.put("seed", 42);
    request.put("adapter", Map.of("peft", peft, "training", training));
    return request;
  }

  private void download(GraftApi client, JsonNode job, Screen screen) throws IOException {
    JsonNode adapter = adapter(client, job.path("id").asString());
    Files.createDirectories(directory);
    Path file = directory.resolve("adapter-%d.tar.gz".formatted(seed));
    client.download("/v1/adapters/%s/content".formatted(adapter.path("id").asString()), file);
    if (!Sha256.of(file).equals(adapter.path("sha256").asString())) {
      throw new IllegalStateException(file + " has the wrong SHA-256");
    }
    screen.done("adapter", Bytes.shown(Files.size(file)) + "  " + screen.faint(file.toString()));
  }

  private static JsonNode adapter(GraftApi client, String job) {
    for (JsonNode adapter : client.get("/v1/adapters").path("data")) {
      if (job.equals(adapter.path("job_id").asString())) return adapter;
    }
    throw new IllegalStateException(
        "the job succeeded, but the server lists no adapter for " + job);
  }

  private static List<AnsweredQuestion> ask(
      GraftApi client, String who, String model, List<HeldOutQuestion> questions, Screen screen) {
    List<AnsweredQuestion> answers = new ArrayList<>();
    for (HeldOutQuestion question : questions) {
      if (screen.terminal()) {
        screen.doing("questions", "%s  %d/%d".formatted(who, answers.size(), questions.size()));
      }
      answers.add(new AnsweredQuestion(question, ask(client, model, question.text())));
    }
    screen.done(
        "questions", "asked the %2$s model %1$d held-out questions".formatted(answers.size(), who));
    return answers;
  }

  /** Returns a model's answer to one question. */
  private static String ask(GraftApi client, String model, String question) {
    var asked = List.of(Map.of("role", "user", "content", question));
    var body = Map.of("model", model, "messages", asked, "temperature", 0, "max_tokens", 40);
    JsonNode answer = client.post("/v1/chat/completions", body);
    return answer.at("/choices/0/message/content").asString().strip();
  }

  /** Prints the demo's result: three random questions, the scores and the next steps. */
  record DemoReport(
      Screen screen, long seed, List<AnsweredQuestion> base, List<AnsweredQuestion> adapter) {
    void threeQuestions() {
      screen.say("");
      screen.say(
          "  Three of the %d held-out questions, which share no four consecutive words with the training data:"
              .formatted(base.size()));
      List<Integer> drawn = IntStream.range(0, base.size()).boxed().collect(Collectors.toList());
      Collections.shuffle(drawn, new Random(seed));
      for (int i : drawn.subList(0, Math.min(3, drawn.size()))) {
        screen.say("");
        screen.say("  " + screen.bold(base.get(i).question().text()));
        answer("base", base.get(i));
        answer("adapter", adapter.get(i));
      }
    }

    private void answer(String who, AnsweredQuestion answer) {
      String mark = answer.exact() ? screen.green("✓") : screen.red("✗");
      screen.say("    %-9s%s %s".formatted(who, mark, answer.text().replaceAll("\\s+", " ")));
    }

    void scores() {
      screen.say("");
      screen.say("  %-28s%16s%16s".formatted("Correct answers", "whole sentence", "value alone"));
      line("base", Score.of(base));
      line("adapter", Score.of(adapter));
      screen.say("");
    }

    private void line(String who, Score score) {
      screen.say(
          "    %-26s%16s%16s"
              .formatted(
                  who,
                  "%d of %d".formatted(score.sentences(), score.questions()),
                  "%d of %d".formatted(score.values(), score.questions())));
    }

    void notShown(double most, double least) {
      screen.say(
          "  The demo failed: the base model should answer at most %.0f %% and the adapter at least %.0f %% in whole sentences."
              .formatted(100 * most, 100 * least));
    }

    /** Returns a question that the adapter answers correctly, for the example. */
    private HeldOutQuestion known() {
      return adapter.stream()
          .filter(AnsweredQuestion::exact)
          .findFirst()
          .orElse(adapter.getFirst())
          .question();
    }

    void tryIt(URI server, String key, String model) {
      screen.say("  Continue in a browser at %s, with the key below".formatted(server));
      screen.say("");
      screen.say("  Or with any OpenAI client:");
      screen.say("");
      screen.say("    base_url  %s/v1".formatted(server));
      screen.say("    api_key   %s   (shown only once)".formatted(key));
      screen.say("    model     %s".formatted(model));
      screen.say("");
      screen.say(
          "    curl %s/v1/chat/completions -H 'authorization: Bearer %s' -H 'content-type: application/json' \\"
              .formatted(server, key));
      screen.say(
          "      -d '{\"model\": \"%s\", \"temperature\": 0, \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}'"
              .formatted(model, known().text().replace("'", "")));
      screen.say("");
    }
  }

  /**
   * The number of correct answers.
   *
   * @param sentences answers that are exactly the expected sentence
   * @param values answers that contain the expected value
   */
  record Score(int questions, int sentences, int values) {
    /** A question and what a model answered. */
    record AnsweredQuestion(HeldOutQuestion question, String text) {
      boolean exact() {
        return text.equals(question.answer());
      }

      boolean value() {
        return Pattern.compile("(?<!\\w)" + Pattern.quote(question.value()) + "(?!\\w)")
            .matcher(text)
            .find();
      }
    }

    static Score of(List<AnsweredQuestion> answers) {
      return new Score(
          answers.size(),
          (int) answers.stream().filter(AnsweredQuestion::exact).count(),
          (int) answers.stream().filter(AnsweredQuestion::value).count());
    }

    double sentenceShare() {
      return questions == 0 ? 0 : (double) sentences / questions;
    }
  }
}
