package dev.graft.inference;

import static dev.graft.inference.InferenceCallTests.ASK;
import static dev.graft.inference.InferenceCallTests.BASE;
import static dev.graft.inference.InferenceCallTests.OTHER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.inference.CallBoard.CallGone;
import dev.graft.inference.CallBoard.PlacedCall;
import dev.graft.pg.GraftIT;
import dev.graft.platform.Ids;
import dev.graft.platform.database.Hints;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The board where chats wait for workers, and the board of a second server. */
@GraftIT
class CallBoardIT {
  private static final Reply FIRST = new Reply.Piece(7, 0, "a", List.of(), null);
  private static final Reply SECOND = new Reply.Piece(7, 0, "b", List.of(), null);
  private static final Reply LAST = new Reply.Piece(7, 0, "c", List.of(), Reply.End.STOP);
  private static final InferenceCall.Wanted ANY = new InferenceCall.Wanted(0, List.of());

  private static final InferenceProperties SETTINGS =
      new InferenceProperties(
          1,
          1,
          1,
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          Duration.ofMinutes(1),
          Duration.ofSeconds(1),
          16,
          "64m",
          Path.of("unused"),
          Duration.ofDays(1),
          InferenceProperties.RunOn.WORKERS,
          Duration.ofSeconds(1),
          false);

  @Autowired private CallRows rows;
  @Autowired private Hints hints;
  @Autowired private Ids ids;
  @Autowired private JdbcClient sql;
  private final List<Runnable> placed = new ArrayList<>();
  private CallBoard board;
  private CallBoard other;

  @BeforeEach
  void aWorkerIsThere() throws InterruptedException {
    sql.sql("delete from worker_call").update();
    board = new CallBoard(SETTINGS, ids, rows, hints);
    other = new CallBoard(SETTINGS, ids, rows, hints);
    assertThat(board.take("one", ANY)).isEmpty();
  }

  private PlacedCall place(
      CallBoard at, String department, ServedModel model, InferrerOrder.Ask ask) {
    PlacedCall call = at.place(department, model, ask);
    placed.add(() -> at.leave(call));
    return call;
  }

  @AfterEach
  void nobodyWaitsAnyMore() {
    placed.forEach(Runnable::run);
  }

  private static InferenceCall.CallReport told(long first, Reply... replies) {
    return new InferenceCall.CallReport(first, List.of(replies), null);
  }

  private static PlacedCall.Heard said(Reply reply) {
    return new PlacedCall.Heard.Replied(reply);
  }

  private static List<PlacedCall.Heard> heard(PlacedCall call) throws InterruptedException {
    List<PlacedCall.Heard> heard = new ArrayList<>();
    for (PlacedCall.Heard next = call.next(0); next != null; next = call.next(0)) heard.add(next);
    return heard;
  }

  private static ServedModel model(Digest base) {
    return new ServedModel("m", base, null);
  }

  @Test
  void aWorkerGetsTheCallThatItHasTheModelFor() throws InterruptedException {
    place(board, "support", model(BASE), ASK);
    place(board, "support", model(OTHER), ASK);
    String warm = model(OTHER).weights().name();
    assertThat(board.take("one", new InferenceCall.Wanted(0, List.of(warm))).orElseThrow().base())
        .isEqualTo(OTHER);
    assertThat(board.take("one", ANY).orElseThrow().base()).isEqualTo(BASE);
    assertThat(board.take("one", ANY)).isEmpty();
  }

  @Test
  void aReportThatIsRepeatedIsHeardOnce() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    String turn = board.take("one", ANY).orElseThrow().id();
    board.report("one", turn, told(0, FIRST));
    board.report("one", turn, told(0, FIRST));
    board.report("one", turn, told(0, FIRST, LAST));
    assertThat(heard(call)).containsExactly(said(FIRST), said(LAST));
  }

  @Test
  void anAnswerWithAGapIsLost() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    String turn = board.take("one", ANY).orElseThrow().id();
    board.report("one", turn, told(1, LAST));
    assertThat(heard(call))
        .containsExactly(new PlacedCall.Heard.Lost("a part of its answer is missing"));
  }

  @Test
  void whatIsReportedAtEitherServerIsHeardInOrder() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    String turn = other.take("one", ANY).orElseThrow().id();
    other.report("one", turn, told(0, FIRST));
    board.report("one", turn, told(1, SECOND));
    other.report("one", turn, told(2, LAST));
    assertThat(call.next(TimeUnit.SECONDS.toNanos(10))).isEqualTo(said(FIRST));
    assertThat(call.next(TimeUnit.SECONDS.toNanos(10))).isEqualTo(said(SECOND));
    assertThat(call.next(TimeUnit.SECONDS.toNanos(10))).isEqualTo(said(LAST));
    board.leave(call);
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> other.report("one", turn, told(3)));
  }

  @Test
  void aWorkerThatWaitsAtTheOtherServerGetsTheCall() throws Exception {
    try (ExecutorService worker = Executors.newSingleThreadExecutor()) {
      Future<Optional<InferenceCall>> asks =
          worker.submit(() -> other.take("one", new InferenceCall.Wanted(15_000, List.of())));
      PlacedCall call = place(board, "support", model(BASE), ASK);
      InferenceCall taken = asks.get().orElseThrow();
      assertThat(other.held("one", taken.id())).isEqualTo(taken);
      await().until(call::isTaken);
      board.leave(call);
    }
  }

  @Test
  void ofManyWorkersAtBothServersEachGetsAnotherCall() throws Exception {
    Set<String> models = ConcurrentHashMap.newKeySet();
    try (ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 20; i++) {
        String name = "worker-" + i;
        CallBoard asked = i % 2 == 0 ? board : other;
        workers.submit(
            () ->
                models.add(
                    asked
                        .take(name, new InferenceCall.Wanted(15_000, List.of()))
                        .orElseThrow()
                        .base()
                        .hex()));
      }
      for (int i = 0; i < 20; i++) {
        Digest base = new Digest("%064x".formatted(i));
        place(i % 3 == 0 ? board : other, "support", model(base), ASK);
      }
    }
    assertThat(models).hasSize(20);
  }

  @Test
  void aCallIsItsWorkersAloneAndGoneWithTheChat() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    String turn = board.take("one", ANY).orElseThrow().id();
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> board.held("two", turn));
    assertThatExceptionOfType(CallGone.class)
        .isThrownBy(() -> board.report("two", turn, told(0, FIRST)));
    assertThatExceptionOfType(CallGone.class)
        .isThrownBy(() -> other.report("two", turn, told(0, FIRST)));
    assertThat(board.held("one", turn)).isEqualTo(call.call().as(turn));
    board.leave(call);
    assertThatExceptionOfType(CallGone.class).isThrownBy(() -> board.held("one", turn));
  }

  @Test
  void aCallThatItsWorkerNeverHeardOfGoesToAnother() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    String missed = board.take("one", ANY).orElseThrow().id();
    board.putBack(call);
    String turn = other.take("one", ANY).orElseThrow().id();
    assertThat(turn).isNotEqualTo(missed);
    assertThatExceptionOfType(CallGone.class)
        .isThrownBy(() -> board.report("one", missed, told(0, FIRST)));
    assertThatExceptionOfType(CallGone.class)
        .isThrownBy(() -> other.report("one", missed, told(0, FIRST)));
    other.report("one", turn, told(0));
    board.report("one", turn, told(0));
    board.putBack(call);
    assertThat(board.take("two", ANY)).isEmpty();
  }

  @Test
  void aCallThatPostgresHasLostIsNotWaitedFor() throws InterruptedException {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    sql.sql("delete from worker_call").update();
    assertThat(call.next(TimeUnit.SECONDS.toNanos(10)))
        .isEqualTo(new PlacedCall.Heard.Lost("PostgreSQL has lost the call"));
  }

  @Test
  void whatADeadServerWaitedForIsSwept() {
    place(board, "support", model(BASE), ASK);
    sql.sql("update worker_call set server = 'dead', kept_until = graft_now()").update();
    assertThat(rows.waiting()).isZero();
    rows.sweep();
    assertThat(sql.sql("select count(*) from worker_call").query(Integer.class).single()).isZero();
  }

  @Test
  void aDepartmentHasItsPlacesAndGetsThemBack() {
    PlacedCall call = place(board, "support", model(BASE), ASK);
    assertThatExceptionOfType(Inferrer.NoCapacity.class)
        .isThrownBy(() -> place(board, "support", model(BASE), ASK))
        .withMessageContaining("your department has 1 chats");
    place(board, "legal", model(BASE), ASK);
    assertThatExceptionOfType(Inferrer.NoCapacity.class)
        .isThrownBy(() -> place(board, "plant", model(BASE), ASK))
        .withMessageContaining("queue is full");
    board.leave(call);
    place(board, "plant", model(BASE), ASK);
  }
}
