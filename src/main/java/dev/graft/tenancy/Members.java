package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Changes who belongs to a department and writes the changes to the audit log. */
@Service
class Members {
  private static final Pattern EMAIL =
      Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,250}");

  private final People people;
  private final DepartmentMembers members;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Members(
      People people,
      DepartmentMembers members,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.people = people;
    this.members = members;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  static boolean isEmail(String text) {
    return EMAIL.matcher(text).matches();
  }

  /** Returns the id of the person with this address, who is stored if they are new. */
  @Transactional
  String known(String email) {
    if (!isEmail(email)) {
      throw RequestFailed.invalid("email", "email must be an e-mail address.");
    }
    Optional<String> known = people.idOf(email);
    if (known.isPresent()) return known.get();
    locks.take("person " + email.toLowerCase(Locale.ROOT));
    return people
        .idOf(email)
        .orElseGet(() -> people.save(new Person(ids.next("user_"), email, clock.instant())).id());
  }

  /** Makes a known person a member, or gives a member this role. */
  @Transactional
  DepartmentMember add(String departmentId, String personId, Role role) {
    // Of two requests that add the same person, the second waits for this lock.
    Person person =
        people
            .lock(personId)
            .orElseThrow(() -> RequestFailed.invalid("user_id", "No such user: " + personId));
    DepartmentMember member =
        members
            .findToChange(departmentId, personId)
            .orElseGet(
                () ->
                    members.save(
                        new DepartmentMember(departmentId, person, role, clock.instant())));
    member.assign(role);
    audit.write("user.added", departmentId, personId, Map.of("data", Map.of("role", role.wire())));
    return member;
  }

  /** Returns the changed member, or empty if the person is not a member. */
  @Transactional
  Optional<DepartmentMember> change(String departmentId, String personId, Role role) {
    Optional<DepartmentMember> member = members.findToChange(departmentId, personId);
    member.ifPresent(
        changed -> {
          changed.assign(role);
          Map<String, String> asked = Map.of("role", role.wire());
          audit.write("user.updated", departmentId, personId, Map.of("changes_requested", asked));
        });
    return member;
  }

  /** Removes a member, which ends their keys here. Returns false if the person is not a member. */
  @Transactional
  boolean remove(String departmentId, String personId) {
    Optional<DepartmentMember> member = members.findToChange(departmentId, personId);
    member.ifPresent(
        removed -> {
          members.delete(removed);
          audit.write("user.deleted", departmentId, personId, Map.of());
        });
    return member.isPresent();
  }
}
