package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a job names, straight in the tables: these tests are about jobs, not about files. */
public final class TestJobs {
  public static final String BASE = "tiny";

  public void baseModel(JdbcClient sql) {
    sql.sql(
            """
            insert into base_model (name, family, manifest, parameters, context_length, bytes, created_at)
            values (:name, 'llama', :manifest, 1, 512, 1, graft_now()) on conflict do nothing
            """)
        .param("name", BASE)
        .param("manifest", "a".repeat(64))
        .update();
  }

  public String file(JdbcClient sql, String department) {
    byte[] random = new byte[16];
    ThreadLocalRandom.current().nextBytes(random);
    String id = "file-" + HexFormat.of().formatHex(random);
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, examples, created_at)
            values (:id, :department, 'train.jsonl', 'fine-tune', 4, :digest, 'processed', 1, graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .param("digest", Digest.of("data".getBytes(StandardCharsets.UTF_8)).hex())
        .update();
    return id;
  }
}
