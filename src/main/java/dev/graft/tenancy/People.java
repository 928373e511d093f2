package dev.graft.tenancy;

import jakarta.persistence.LockModeType;
import java.util.Optional;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The people of all departments. */
interface People extends Repository<Person, String> {
  Person save(Person person);

  @Query("select p.id from Person p where lower(p.email) = lower(:email)")
  Optional<String> idOf(String email);

  /** The row stays locked until the transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select p from Person p where p.id = :id")
  Optional<Person> lock(String id);
}
