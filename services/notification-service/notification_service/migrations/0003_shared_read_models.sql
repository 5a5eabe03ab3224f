-- People and profiles are kept by the shared read models now, which read them anew.
DROP TABLE people, authorities;
DELETE FROM places WHERE subscription = 'authorities';
DELETE FROM parked_streams WHERE subscription = 'authorities';
DELETE FROM generations WHERE read_model = 'authorities';
