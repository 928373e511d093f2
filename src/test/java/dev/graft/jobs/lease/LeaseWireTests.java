package dev.graft.jobs.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;

class LeaseWireTests {
  private static final Digest SOME = new Digest("ab".repeat(32));
  private static final Lease.LeaseKey KEY = new Lease.LeaseKey("ftjob-1", 7, new UUID(1, 2));

  @Test
  void everyRecordSurvivesTheWire() {
    assertThat(
            List.of(
                new Lease(
                    KEY,
                    60_000,
                    10_000,
                    "base",
                    SOME,
                    SOME,
                    null,
                    "{\"r\":1}",
                    42,
                    List.of(new Lease.Resume(5, SOME)),
                    "ft:base:a:1",
                    SOME,
                    true,
                    new Resources(DeviceKind.CUDA, 9L, "8.0", 2, "ray", 60L, null),
                    new Lease.RunLimits(60_000L, null),
                    "00-%s-%s-01".formatted("1".repeat(32), "2".repeat(16))),
                new LeaseReport(
                    3,
                    4,
                    new LeaseReport.Progress(1, 2, 0.5, null, true),
                    40,
                    List.of(new LeaseReport.Metrics(1, Map.of("train_loss", 0.5))),
                    List.of(new LeaseReport.Note(LeaseReport.Level.WARN, "cut")),
                    Device.named("cuda:0", 9L, "8.6").of(new Device.DeviceUse(5L, 10L, 97.5))),
                new LeaseProtocol.CheckpointReport(5, SOME, Map.of("train_loss", 0.25), 0.5, 40L),
                new LeaseProtocol.TrainingFailure(
                    LeaseProtocol.TrainingFailure.Kind.OUT_OF_MEMORY, "full", null, null),
                new LeaseWire.CompleteRequest(SOME),
                new LeaseWire.Joined("wkr_1", "secret")))
        .allSatisfy(
            value ->
                assertThat((Object) LeaseWire.read(LeaseWire.write(value), value.getClass()))
                    .isEqualTo(value));
  }

  @Test
  void directivesAreNamedAndNamesAreSnakeCase() {
    for (Directive directive :
        List.of(
            new Directive.Continue(),
            new Directive.Checkpoint(),
            new Directive.CheckpointAndRelease(),
            new Directive.Cancel())) {
      assertThat(LeaseWire.read(LeaseWire.write(directive), Directive.class)).isEqualTo(directive);
    }
    assertThat(text(new Directive.CheckpointAndRelease()))
        .isEqualTo("{\"directive\":\"checkpoint_and_release\"}");
    assertThat(text(new LeaseProtocol.CheckpointReport(5, SOME, Map.of(), null, null)))
        .contains("\"manifest\":\"" + SOME + "\"");
    assertThat(
            text(
                new LeaseWire.ClaimRequest(
                    5, new Device("cuda:0", 9L, "cuda", "8.6", 2, "gpu", true, null), null)))
        .isEqualTo(
            """
            {"wait_ms":5,"device":{"name":"cuda:0","memory":9,"kind":"cuda","capability":"8.6",\
            "devices":2,"worker_class":"gpu","dedicated":true,"use":null},"request":null}\
            """);
  }

  @Test
  void whoDoesNotSayWhatItsDeviceHoldsIsTakenToHoldEverything() {
    byte[] older = "{\"wait_ms\":5}".getBytes(StandardCharsets.UTF_8);
    assertThat(LeaseWire.read(older, LeaseWire.ClaimRequest.class).device()).isNull();
    assertThat(Device.UNKNOWN.holds()).isEqualTo(Long.MAX_VALUE);
    byte[] wrong =
        "{\"wait_ms\":5,\"device\":{\"name\":\"cpu\",\"memory\":0}}"
            .getBytes(StandardCharsets.UTF_8);
    assertThatExceptionOfType(JacksonException.class)
        .isThrownBy(() -> LeaseWire.read(wrong, LeaseWire.ClaimRequest.class));
  }

  @Test
  void whoDoesNotSayWhatItsDeviceIsGetsWhatAnyDeviceMayRun() {
    String older = "{\"wait_ms\":5,\"device\":{\"name\":\"%s\",\"memory\":9}}";
    assertThat(device(older.formatted("cpu")).computes()).isEqualTo(DeviceKind.CPU);
    assertThat(device(older.formatted("cuda:0")).computes()).isNull();
    assertThat(device(older.formatted("cuda:0")).count()).isOne();
    String later =
        "{\"wait_ms\":5,\"device\":{\"name\":\"rocm:0\",\"kind\":\"rocm\",\"wattage\":300},\"colour\":\"red\"}";
    assertThat(device(later).computes()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"capability\":\"sm_80\"",
        "\"devices\":0",
        "\"devices\":1000",
        "\"worker_class\":\"A b\"",
        "\"dedicated\":\"often\""
      })
  void whatNoDeviceCanBeIsRefused(String field) {
    assertThatExceptionOfType(JacksonException.class)
        .isThrownBy(() -> device("{\"wait_ms\":5,\"device\":{\"name\":\"cuda:0\"," + field + "}}"));
  }

  private static Device device(String claim) {
    Device device =
        LeaseWire.read(claim.getBytes(StandardCharsets.UTF_8), LeaseWire.ClaimRequest.class)
            .device();
    return Objects.requireNonNull(device);
  }

  @Test
  void leaseHeaderIsEpochAndTokenOrRefused() {
    assertThat(LeaseWire.key("ftjob-1", LeaseWire.header(KEY))).isEqualTo(KEY);
    for (String header : List.of("", ".", "7", "7.", "x." + KEY.token(), "7.not-a-uuid")) {
      assertThatExceptionOfType(LeaseProtocol.LeaseRefused.class)
          .isThrownBy(() -> LeaseWire.key("ftjob-1", header));
    }
  }

  private static String text(Object value) {
    return new String(LeaseWire.write(value), StandardCharsets.UTF_8);
  }
}
