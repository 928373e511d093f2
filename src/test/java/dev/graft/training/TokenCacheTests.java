package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.platform.ChildJvm;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenCacheTests {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final StoredRows.Counts NONE = new StoredRows.Counts(0, 0, 0);

  @TempDir private Path directory;
  private int made;

  @Test
  void rowsComeBackAsTheyWere() {
    Random random = new Random(7);
    List<TokenizedRow> rows =
        IntStream.range(0, 200).mapToObj(line -> row(random, line + (5L << 32))).toList();
    TokenCache cache = new TokenCache(directory);
    StoredRows.Counts counts = new StoredRows.Counts(1, 2, 3);
    StoredRows stored =
        cache.get(
            A,
            into -> {
              for (TokenizedRow each : rows) into.add(each);
              return counts;
            });
    assertThat(stored).usingRecursiveComparison().isEqualTo(rows);
    assertThat(stored.counts()).isEqualTo(counts);
    List<TokenizedPair> pairs =
        IntStream.range(0, 50)
            .mapToObj(i -> new TokenizedPair(row(random, i), row(random, i), i))
            .toList();
    StoredRows stillPairs =
        cache.get(
            B,
            into -> {
              for (TokenizedPair each : pairs) into.add(each);
              return NONE;
            });
    assertThat(stillPairs.pairs()).usingRecursiveComparison().isEqualTo(pairs);
  }

  private static TokenizedRow row(Random random, long line) {
    int[] ids = random.ints(random.nextInt(400), 0, 150_000).toArray();
    int[] labels = IntStream.of(ids).map(id -> random.nextBoolean() ? id : -100).toArray();
    return new TokenizedRow(line, ids, labels, random.nextBoolean());
  }

  @Test
  void theyAreMadeOnce() {
    assertThat(get(new TokenCache(directory), A)).hasSize(1);
    assertThat(get(new TokenCache(directory), A)).hasSize(1);
    assertThat(made).isEqualTo(1);
    assertThat(get(new TokenCache(directory), B)).hasSize(1);
    assertThat(made).isEqualTo(2);
  }

  @Test
  void damagedHalfAndForeignFilesAreMadeAgain() throws IOException {
    TokenCache cache = new TokenCache(directory);
    get(cache, A);
    Path file = directory.resolve(A + ".tokens");
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < whole.length; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 4;
      assertMadeAgain(cache, file, damaged, whole);
    }
    assertMadeAgain(cache, file, new byte[0], whole);
    assertMadeAgain(cache, file, Arrays.copyOf(whole, whole.length - 1), whole);
    get(cache, B);
    assertMadeAgain(cache, file, Files.readAllBytes(directory.resolve(B + ".tokens")), whole);
    assertMadeAgain(cache, file, new byte[4096], whole);
  }

  private void assertMadeAgain(TokenCache cache, Path file, byte[] there, byte[] whole)
      throws IOException {
    Files.delete(file);
    Files.write(file, there);
    made = 0;
    assertThat(get(cache, A).getFirst().ids()).containsExactly(3, 4);
    assertThat(made).isEqualTo(1);
    assertThat(file).hasBinaryContent(whole);
  }

  @Test
  void whatFailsLeavesNothing() throws IOException {
    TokenCache cache = new TokenCache(directory);
    assertThatThrownBy(
            () ->
                cache.get(
                    A,
                    into -> {
                      into.add(new TokenizedRow(1, new int[] {1}, new int[] {1}));
                      throw new BadRun("training_file", "line 2 is bad");
                    }))
        .isInstanceOf(BadRun.class);
    assertThat(files(directory)).isEmpty();
  }

  @Test
  void theOldestGoWhereThereAreTooMany() throws IOException {
    TokenCache cache = new TokenCache(directory, 400);
    get(cache, A);
    Path foreign = Files.writeString(directory.resolve("notes.txt"), "x".repeat(1000));
    Path making = Files.writeString(directory.resolve("making-1.tokens"), "of another process");
    get(cache, B);
    assertThat(files(directory)).as("two fit").hasSize(4);
    Files.setLastModifiedTime(directory.resolve(B + ".tokens"), FileTime.fromMillis(1000));
    Files.setLastModifiedTime(making, FileTime.fromMillis(1000));
    get(cache, "c".repeat(64));
    assertThat(files(directory))
        .containsExactlyInAnyOrder(
            directory.resolve(A + ".tokens"),
            directory.resolve("c".repeat(64) + ".tokens"),
            foreign);
  }

  @Test
  void whatNobodyUsesForAWeekGoes() throws IOException {
    TokenCache cache = new TokenCache(directory);
    get(cache, A);
    get(cache, B);
    FileTime now = Files.getLastModifiedTime(directory.resolve(B + ".tokens"));
    FileTime weekAgo = FileTime.from(now.toInstant().minus(Duration.ofDays(8)));
    Files.setLastModifiedTime(directory.resolve(A + ".tokens"), weekAgo);
    get(cache, B);
    assertThat(files(directory)).containsExactly(directory.resolve(B + ".tokens"));
  }

  @Test
  void runsOfTheSameRowsTokeniseThemOnce() throws IOException {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcdefgh\"}\n");
    run(base, rows, "first", "'learning_rate':0.1");
    Path tokens = directory.resolve("tokens");
    Object file = inode(files(tokens).getFirst());
    run(base, rows, "second", "'learning_rate':0.2,'num_train_epochs':2");
    assertThat(files(tokens)).hasSize(1);
    assertThat(inode(files(tokens).getFirst())).isEqualTo(file);
    run(base, rows, "shorter", "'max_length':4");
    assertThat(files(tokens)).as("other settings of rows").hasSize(2);
    Files.writeString(rows, "{\"text\":\"abcdefgx\"}\n");
    run(base, rows, "other", "'learning_rate':0.1");
    assertThat(files(tokens)).as("other rows").hasSize(3);
    Path config = base.resolve("tokenizer_config.json");
    Files.writeString(config, Files.readString(config) + "\n");
    run(base, rows, "again", "'learning_rate':0.1");
    assertThat(files(tokens)).as("another tokenizer").hasSize(4);
  }

  private void run(Path base, Path rows, String name, String training) {
    String spec =
        "{'peft':{'r':4,'target_modules':['q_proj']},'training':{%s}}".formatted(training);
    Path out = directory.resolve(name);
    var run = RecordedRuns.of(spec, base, rows, null, out, null);
    var shared =
        new RunRequest.Directories(
            out, out.resolve("checkpoints"), null, directory.resolve("tokens"));
    var sharing = new TrainingRun(run.spec(), run.base(), run.data(), shared, null, run.machine());
    new FineTune(sharing, event -> {}, () -> null, FakeModel.SOURCE).run();
  }

  /** 10 million tokens: 80 MB of ids and labels. */
  @ParameterizedTest
  @ValueSource(strings = {"sft", "pretraining"})
  void rowsMayBeLargerThanTheHeap(String objective) throws Exception {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    Path rows = directory.resolve("rows.jsonl");
    String text = "abcdefgh".repeat(125);
    try (var out = Files.newBufferedWriter(rows)) {
      for (int i = 0; i < 10_000; i++) out.write("{\"text\":\"%s\"}\n".formatted(text));
    }
    String spec =
        "{'base_model':'%s','training_file':'%s','adapter':{'objective':'%s',"
            + "'training':{'max_steps':2,'max_length':%d}}}";
    spec = spec.formatted(base, rows, objective, objective.equals("sft") ? 1024 : 64);
    Path file = Files.writeString(directory.resolve("spec.json"), spec.replace('\'', '"'));
    String out = directory.resolve("out").toString();
    Path said = directory.resolve("said");
    Process child =
        new ProcessBuilder(ChildJvm.ofThisProgram("48m", "train", file.toString(), "--out", out))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertThat(child.waitFor(180, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).as(Files.readString(said)).isZero();
  }

  private StoredRows get(TokenCache cache, String key) {
    return cache.get(
        key,
        into -> {
          made++;
          into.add(new TokenizedRow(1, new int[] {3, 4}, new int[] {-100, 4}));
          return NONE;
        });
  }

  private static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino");
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList();
    }
  }
}
