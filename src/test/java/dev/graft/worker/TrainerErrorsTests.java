package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrainerErrorsTests {
  @Test
  void placesAreLoggedAndRowsAreNot() {
    String told =
        RunEnd.TrainerErrors.loggable(
            """
            12:00:01 ERROR d.g.t.f.TrainerProgram trainer_failed
            java.lang.IllegalStateException: no such role in {"role":"patient","content":"Ada has angina"}
            \tat dev.graft.text.row.Rows.read(Rows.java:31)
            \tat java.base/java.lang.Thread.run(Thread.java:1474)
            Caused by: com.hubspot.jinjava.interpret.FatalTemplateErrorsException: Ada has angina
            \t... 12 more
            {"role":"user","content":"Ada has angina, out of memory"}
            dev.graft.text.BadRow: out of memory said Ada of her angina
            """);
    assertThat(told)
        .doesNotContain("Ada", "angina", "patient")
        .contains(
            "java.lang.IllegalStateException\n\tat dev.graft.text.row.Rows.read(Rows.java:31)")
        .contains(
            "Caused by: com.hubspot.jinjava.interpret.FatalTemplateErrorsException\n\t... 12 more")
        .endsWith("(2 lines that may hold data)");
  }

  @Test
  void whatTheDeviceSaysIsLogged() {
    String device =
        "ai.djl.engine.EngineException: CUDA error: an illegal memory access was encountered";
    String heap = "java.lang.OutOfMemoryError: Java heap space";
    String python = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB";
    String abort = "terminate called after throwing an instance of 'c10::Error'";
    String all = String.join("\n", device, heap, python, abort);
    assertThat(RunEnd.TrainerErrors.loggable(all)).isEqualTo(all);
  }

  @Test
  void aTraceOfPythonKeepsItsPlacesAndLosesItsLines() {
    assertThat(
            RunEnd.TrainerErrors.loggable(
                """
                Traceback (most recent call last):
                  File "/opt/graft/trainer.py", line 12, in train
                    raise ValueError(row["content"])
                ValueError: Ada has angina
                """))
        .isEqualTo(
            "Traceback (most recent call last):\n"
                + "  File \"/opt/graft/trainer.py\", line 12, in train\n"
                + "(2 lines that may hold data)");
  }
}
