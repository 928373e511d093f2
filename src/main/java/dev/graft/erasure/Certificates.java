package dev.graft.erasure;

import dev.graft.artifacts.BlobRef;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/** Finds out what a certificate says, and signs it. */
@Component
@EnableConfigurationProperties(ErasureProperties.class)
class Certificates {
  private final Erasures erasures;
  private final DepartmentContent content;
  private final DepartmentRemoval removal;
  private final CertificateKey key;
  private final ErasureProperties settings;
  private final Environment environment;

  Certificates(
      Erasures erasures,
      DepartmentContent content,
      DepartmentRemoval removal,
      CertificateKey key,
      ErasureProperties settings,
      Environment environment) {
    this.erasures = erasures;
    this.content = content;
    this.removal = removal;
    this.key = key;
    this.settings = settings;
    this.environment = environment;
  }

  /** When the sweep has left of the department's content what others need. */
  Erasure.Signed of(Erasure erasure, Instant finishedAt) throws IOException {
    List<BlobRef> deleted = new ArrayList<>();
    List<BlobRef> shared = new ArrayList<>();
    for (BlobRef blob : erasures.blobs(erasure.id())) {
      (content.has(blob) ? shared : deleted).add(blob);
    }
    Certificate.Kept kept =
        new Certificate.Kept(
            removal.entriesKept(erasure),
            environment.getProperty("graft.audit.keep-months", Integer.class),
            settings.backupsKept());
    return key.sign(
        new Certificate(erasure, finishedAt).json(new Certificate.Content(deleted, shared), kept));
  }
}
