// Makes the replica set of one member, then the user that the services log in as. Running it again changes nothing but
// the user's password, which becomes that of .env. compose.yaml runs it with mongosh, once MongoDB answers.
const root = encodeURIComponent(process.env.MONGO_ROOT_PASSWORD);
const admin = connect("mongodb://root:" + root + "@mongo:27017/admin?directConnection=true");
const TRIES = 60;

try {
  admin.adminCommand({ replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] } });
} catch (error) {
  if (error.codeName !== "AlreadyInitialized") {
    throw error;
  }
}

for (let tries = 0; !admin.hello().isWritablePrimary; tries += 1) {
  if (tries === TRIES) {
    throw new Error("the replica set has no primary after " + TRIES + " s");
  }
  sleep(1000);
}

const own = admin.getSiblingDB("credpass");
const access = { pwd: process.env.MONGO_PASSWORD, roles: ["readWrite"] };
if (own.getUser("credpass") === null) {
  own.createUser({ user: "credpass", ...access });
} else {
  own.updateUser("credpass", access);
}
