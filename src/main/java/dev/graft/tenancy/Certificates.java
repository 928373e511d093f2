package dev.graft.tenancy;

import dev.graft.artifacts.BlobCollector;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
  private final BlobCollector collector;
  private final CertificateKey key;
  private final ErasureProperties settings;
  private final Environment environment;

  Certificates(
      Erasures erasures,
      DepartmentContent content,
      DepartmentRemoval removal,
      BlobCollector collector,
      CertificateKey key,
      ErasureProperties settings,
      Environment environment) {
    this.erasures = erasures;
    this.content = content;
    this.removal = removal;
    this.collector = collector;
    this.key = key;
    this.settings = settings;
    this.environment = environment;
  }

  /**
   * Empty as long as there is content that nobody needs: a sweep was broken off, or somebody has
   * stored it again and not used it yet.
   */
  Optional<Erasure.Signed> of(Erasure erasure, Instant finishedAt) throws IOException {
    List<BlobRef> deleted = new ArrayList<>();
    List<BlobRef> left = new ArrayList<>();
    for (BlobRef blob : erasures.blobs(erasure.id())) {
      (content.has(blob) ? left : deleted).add(blob);
    }
    List<Digest> shared = left.stream().map(BlobRef::sha256).toList();
    if (!collector.needed(shared).containsAll(shared)) return Optional.empty();
    Certificate.Kept kept =
        new Certificate.Kept(
            removal.entriesKept(erasure),
            environment.getProperty("graft.audit.keep-months", Integer.class),
            settings.backupsKept());
    Certificate certificate = new Certificate(erasure, finishedAt);
    return Optional.of(key.sign(certificate.json(new Certificate.Content(deleted, left), kept)));
  }
}
