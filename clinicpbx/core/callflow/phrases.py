"""What ClinicPBX itself says to callers and agents; a prompt of the clinic with the same name wins."""

PHRASES = {
    "voicemail-greeting": {
        "en": "Nobody can take your call right now. Please say your name, your date of birth and what you need "
        "after the tone. Press pound when you are done.",
        "es": "Nadie puede atender su llamada en este momento. Después del tono, diga su nombre, su fecha de "
        "nacimiento y lo que necesita. Cuando termine, pulse la tecla numeral.",
        "fr": "Personne ne peut vous répondre pour le moment. Après le signal, dites votre nom, votre date de "
        "naissance et votre demande. Appuyez sur dièse pour terminer.",
    },
    "number-is": {
        "en": "The number we have for you is",
        "es": "El número que tenemos es",
        "fr": "Le numéro que nous avons est le",
    },
    "number-confirm": {
        "en": "If it is right, press 1. To give another number, press 2.",
        "es": "Si es correcto, pulse 1. Para dar otro número, pulse 2.",
        "fr": "S'il est correct, appuyez sur 1. Pour donner un autre numéro, appuyez sur 2.",
    },
    "number-enter": {
        "en": "Please enter the number where we can reach you, with the area code, then press pound.",
        "es": "Marque el número donde podemos llamarle, con el código de área, y después la tecla numeral.",
        "fr": "Entrez le numéro où nous pouvons vous joindre, avec l'indicatif régional, puis appuyez sur dièse.",
    },
    "message-kept": {
        "en": "Thank you. Your message is with our team. We will call you back. Goodbye.",
        "es": "Gracias. Nuestro equipo tiene su mensaje. Le llamaremos. Adiós.",
        "fr": "Merci. Notre équipe a votre message. Nous vous rappellerons. Au revoir.",
    },
    "call-accept": {
        "en": "A patient of the clinic is on the line for you. To take the call, press 1. To pass it on, press 2.",
        "es": "Un paciente de la clínica espera en la línea. Para tomar la llamada, pulse 1. Para pasarla a otra "
        "persona, pulse 2.",
        "fr": "Un patient de la clinique vous attend en ligne. Pour prendre l'appel, appuyez sur 1. Pour le passer à "
        "quelqu'un d'autre, appuyez sur 2.",
    },
    "agent-paused": {"en": "You are paused.", "es": "Está en pausa.", "fr": "Vous êtes en pause."},
    "agent-unpaused": {
        "en": "You are ready for calls.",
        "es": "Está listo para recibir llamadas.",
        "fr": "Vous êtes prêt à recevoir des appels.",
    },
    "mailbox-none": {
        "en": "This phone has no mailbox.",
        "es": "Este teléfono no tiene buzón.",
        "fr": "Ce téléphone n'a pas de boîte vocale.",
    },
    "mailbox-locked": {
        "en": "Too many wrong codes. Try again in five minutes.",
        "es": "Demasiados códigos incorrectos. Inténtelo en cinco minutos.",
        "fr": "Trop de codes erronés. Réessayez dans cinq minutes.",
    },
    "mailbox-away": {
        "en": "Your mailbox cannot be opened now. Your messages are kept. Please try again later.",
        "es": "Ahora no se puede abrir su buzón. Sus mensajes se conservan. Inténtelo más tarde.",
        "fr": "Votre boîte vocale ne peut pas être ouverte. Vos messages sont conservés. Réessayez plus tard.",
    },
    "mailbox-keys": {
        "en": "Press 1 to make it yours, 2 to call back, 3 to close it, star to hear it again, 7 to delete it, "
        "pound for the next one.",
        "es": "Pulse 1 para hacerse cargo, 2 para devolver la llamada, 3 para cerrarlo, asterisco para oírlo otra vez, "
        "7 para borrarlo, numeral para el siguiente.",
        "fr": "Appuyez sur 1 pour le prendre en charge, 2 pour rappeler, 3 pour le clore, étoile pour le réécouter, "
        "7 pour l'effacer, dièse pour le suivant.",
    },
    "item-claimed": {"en": "It is yours.", "es": "Es suyo.", "fr": "Il est à vous."},
    "item-unreached": {
        "en": "The patient was not reached. The attempt is noted.",
        "es": "No se localizó al paciente. El intento queda anotado.",
        "fr": "Le patient n'a pas été joint. La tentative est notée.",
    },
    "item-closed": {"en": "It is closed.", "es": "Está cerrado.", "fr": "Il est clos."},
    "item-refused": {
        "en": "A colleague has it, or it is closed already.",
        "es": "Lo tiene un colega, o ya está cerrado.",
        "fr": "Un collègue s'en occupe, ou il est déjà clos.",
    },
    "item-none": {
        "en": "It is not in the inbox yet. Please try again in a moment.",
        "es": "Todavía no está en la bandeja. Inténtelo en un momento.",
        "fr": "Il n'est pas encore dans la boîte. Réessayez dans un instant.",
    },
    "item-away": {
        "en": "The inbox cannot be reached now. Nothing was changed.",
        "es": "La bandeja no está disponible ahora. No se ha cambiado nada.",
        "fr": "La boîte n'est pas joignable. Rien n'a été changé.",
    },
    "item-outcomes": {"en": "What came of it?", "es": "¿Cuál fue el resultado?", "fr": "Quel en est le résultat ?"},
    "outcome-reached": {"en": "reached", "es": "contactado", "fr": "joint"},
    "outcome-not-reached": {"en": "not reached", "es": "no contactado", "fr": "pas joint"},
    "outcome-done": {"en": "done", "es": "hecho", "fr": "fait"},
    "outcome-no-action": {"en": "nothing to do", "es": "nada que hacer", "fr": "rien à faire"},
    "message-damaged": {
        "en": "This message cannot be read. Tell your administrator.",
        "es": "Este mensaje no se puede leer. Avise al administrador.",
        "fr": "Ce message est illisible. Prévenez votre administrateur.",
    },
    "fallback-message": {
        "en": "We cannot connect you right now. Please say your name, your number and what you need after the tone.",
        "es": "No podemos conectarle ahora. Después del tono, diga su nombre, su número y lo que necesita.",
        "fr": "Nous ne pouvons pas vous mettre en relation. Après le signal, dites votre nom, votre numéro et "
        "votre demande.",
    },
    "wait-callback": {
        "en": "To be called back without losing your place, press 1.",
        "es": "Para que le llamemos sin perder su lugar, pulse 1.",
        "fr": "Pour être rappelé sans perdre votre place, appuyez sur 1.",
    },
    "wait-worse": {
        "en": "If your symptoms get worse while you wait, press 9.",
        "es": "Si sus síntomas empeoran mientras espera, pulse 9.",
        "fr": "Si vos symptômes s'aggravent pendant l'attente, appuyez sur 9.",
    },
    "wait-greeting": {
        "en": "Everybody is helping other patients just now. Please stay on the line.",
        "es": "En este momento atendemos a otros pacientes. Por favor, no cuelgue.",
        "fr": "Nous sommes tous en ligne avec d'autres patients. Merci de rester en ligne.",
    },
    "callback-kept": {
        "en": "Thank you. You keep your place, and we call you at this number when it is your turn. Goodbye.",
        "es": "Gracias. Conserva su lugar y le llamaremos a este número cuando sea su turno. Adiós.",
        "fr": "Merci. Vous gardez votre place ; nous vous appellerons à ce numéro à votre tour. Au revoir.",
    },
    "called-back": {
        "en": "This is your clinic. You asked us to call you back. To talk with us now, press 1.",
        "es": "Le llama su clínica. Usted pidió que le llamáramos. Para hablar con nosotros, pulse 1.",
        "fr": "C'est votre clinique. Vous avez demandé à être rappelé. Pour nous parler maintenant, appuyez sur 1.",
    },
    "callback-brief": {
        "en": "Call-back. A patient has asked to be called. To ring now, press 1. To pass, press 2. The number is",
        "es": "Devolución de llamada. Un paciente pidió que le llamen. Para llamar ya, pulse 1. Para pasar, pulse 2. "
        "El número es",
        "fr": "Rappel. Un patient a demandé à être rappelé. Pour appeler, appuyez sur 1. Pour passer, appuyez sur 2. "
        "Le numéro est le",
    },
    "callback-reached": {
        "en": "Did you reach the patient? If yes, press 1. To try again later, press 2.",
        "es": "¿Habló con el paciente? Si es así, pulse 1. Para intentarlo más tarde, pulse 2.",
        "fr": "Avez-vous parlé au patient ? Si oui, appuyez sur 1. Pour réessayer plus tard, appuyez sur 2.",
    },
    "callback-unreached": {
        "en": "The patient could not be reached. It will be tried again, or somebody is told.",
        "es": "No se pudo localizar al paciente. Se intentará otra vez o se avisará a alguien.",
        "fr": "Le patient n'a pas pu être joint. On réessaiera, ou quelqu'un sera prévenu.",
    },
    "speaks-en": {
        "en": "The patient speaks English.",
        "es": "El paciente habla inglés.",
        "fr": "Le patient parle anglais.",
    },
    "speaks-es": {
        "en": "The patient speaks Spanish.",
        "es": "El paciente habla español.",
        "fr": "Le patient parle espagnol.",
    },
    "speaks-fr": {
        "en": "The patient speaks French.",
        "es": "El paciente habla francés.",
        "fr": "Le patient parle français.",
    },
    "agent-more": {"en": "You have more time.", "es": "Tiene más tiempo.", "fr": "Vous avez plus de temps."},
    "agent-noted": {"en": "It is noted.", "es": "Anotado.", "fr": "C'est noté."},
    "agent-nothing": {
        "en": "There is nothing to change.",
        "es": "No hay nada que cambiar.",
        "fr": "Il n'y a rien à changer.",
    },
    "queue-waiting": {
        "en": "Callers waiting:",
        "es": "Llamadas en espera:",
        "fr": "Appels en attente :",
    },
    "not-allowed": {
        "en": "This phone may not do that.",
        "es": "Este teléfono no tiene permiso.",
        "fr": "Ce téléphone n'en a pas le droit.",
    },
    "call-transferred": {
        "en": "A colleague asks about a patient, and wants to transfer the call.",
        "es": "Un compañero consulta por un paciente y quiere transferir la llamada.",
        "fr": "Un collègue vous consulte au sujet d'un patient et souhaite transférer l'appel.",
    },
    "call-bounced": {
        "en": "Careful: this call has come back more than once.",
        "es": "Atención: esta llamada ha vuelto más de una vez.",
        "fr": "Attention : cet appel est revenu plus d'une fois.",
    },
    "page-pin": {
        "en": "This is the clinic. You are on call, and something waits for you. Enter your code, then press pound.",
        "es": "Le llama la clínica. Está de guardia y algo le espera. Marque su código y después la tecla numeral.",
        "fr": "C'est la clinique. Vous êtes de garde et quelque chose vous attend. Entrez votre code, puis dièse.",
    },
    "page-pin-wrong": {
        "en": "That is not right. Enter your code, then press pound.",
        "es": "No es correcto. Marque su código y después la tecla numeral.",
        "fr": "Ce n'est pas correct. Entrez votre code, puis appuyez sur dièse.",
    },
    "page-refused": {
        "en": "Your code cannot be checked. Somebody else is called. Tell your administrator. Goodbye.",
        "es": "No se puede comprobar su código. Llamamos a otra persona. Avise al administrador. Adiós.",
        "fr": "Votre code ne peut être vérifié. Quelqu'un d'autre est appelé. Prévenez l'administrateur. Au revoir.",
    },
    "page-message": {
        "en": "A patient has left a message for whoever is on call.",
        "es": "Un paciente dejó un mensaje para quien está de guardia.",
        "fr": "Un patient a laissé un message pour la personne de garde.",
    },
    "page-red-flag": {
        "en": "Urgent. A patient with signs of an emergency hung up before anybody could talk with them.",
        "es": "Urgente. Un paciente con signos de emergencia colgó antes de hablar con alguien.",
        "fr": "Urgent. Un patient avec des signes d'urgence a raccroché avant de parler à quelqu'un.",
    },
    "page-keys": {
        "en": "To accept, press 1. To pass it on, press 2. To talk with the patient now, press 3. To say what came of "
        "it, press 4. To hear it again, press pound.",
        "es": "Para aceptar, pulse 1. Para pasarlo, pulse 2. Para hablar ya con el paciente, pulse 3. Para decir el "
        "resultado, pulse 4. Para oírlo otra vez, pulse numeral.",
        "fr": "Pour accepter, appuyez sur 1. Pour passer, 2. Pour parler au patient maintenant, 3. Pour dire le "
        "résultat, 4. Pour réécouter, dièse.",
    },
    "page-keys-accepted": {
        "en": "To talk with the patient, press 3. To say what came of it, press 4. To hear it again, press pound. Or "
        "hang up.",
        "es": "Para hablar con el paciente, pulse 3. Para decir el resultado, pulse 4. Para oírlo otra vez, numeral. O "
        "cuelgue.",
        "fr": "Pour parler au patient, appuyez sur 3. Pour dire le résultat, 4. Pour réécouter, dièse. Ou raccrochez.",
    },
    "page-accepted": {"en": "You have accepted it.", "es": "Lo ha aceptado.", "fr": "Vous l'avez accepté."},
    "page-taken": {
        "en": "Somebody else has seen to it. Thank you. Goodbye.",
        "es": "Otra persona ya se ocupa. Gracias. Adiós.",
        "fr": "Quelqu'un d'autre s'en occupe. Merci. Au revoir.",
    },
    "page-declined": {
        "en": "It is passed on. Goodbye.",
        "es": "Se pasa a otra persona. Adiós.",
        "fr": "C'est transmis à quelqu'un d'autre. Au revoir.",
    },
    "page-no-number": {
        "en": "There is no number for this patient.",
        "es": "No hay número de este paciente.",
        "fr": "Il n'y a pas de numéro pour ce patient.",
    },
    "page-unreached": {
        "en": "The patient was not reached.",
        "es": "No se pudo localizar al paciente.",
        "fr": "Le patient n'a pas été joint.",
    },
    "page-outcomes": {
        "en": "What came of it? Advice was given, press 1. The patient is seen, press 2. Sent to the emergency "
        "department, press 3. Not reached, press 4.",
        "es": "¿Cuál fue el resultado? Se dio consejo, pulse 1. Se verá al paciente, pulse 2. Enviado a urgencias, "
        "pulse 3. No localizado, pulse 4.",
        "fr": "Quel est le résultat ? Conseil donné, appuyez sur 1. Le patient est vu, 2. Envoyé aux urgences, 3. Non "
        "joint, 4.",
    },
    "page-noted": {"en": "It is noted. Goodbye.", "es": "Anotado. Adiós.", "fr": "C'est noté. Au revoir."},
    "page-patient": {
        "en": "This is your clinic. A clinician is on the line for you. To talk now, press 1.",
        "es": "Le llama su clínica. Un profesional está en la línea para usted. Para hablar ya, pulse 1.",
        "fr": "C'est votre clinique. Un soignant est en ligne pour vous. Pour parler maintenant, appuyez sur 1.",
    },
    "handover-until": {
        "en": "This is the clinic. You are on call now, until",
        "es": "Le llama la clínica. Está de guardia desde ahora hasta",
        "fr": "C'est la clinique. Vous êtes de garde, jusqu'à",
    },
    "handover-confirm": {
        "en": "To confirm, press 1. If you cannot, press 2.",
        "es": "Para confirmar, pulse 1. Si no puede, pulse 2.",
        "fr": "Pour confirmer, appuyez sur 1. Si vous ne pouvez pas, appuyez sur 2.",
    },
    "handover-confirmed": {
        "en": "Thank you. You are on call. Goodbye.",
        "es": "Gracias. Está de guardia. Adiós.",
        "fr": "Merci. Vous êtes de garde. Au revoir.",
    },
    "queue-is-open": {"en": "The queue is open.", "es": "La cola está abierta.", "fr": "La file est ouverte."},
    "queue-is-full": {
        "en": "The queue is full: new callers go elsewhere.",
        "es": "La cola está llena: las llamadas nuevas van a otro lugar.",
        "fr": "La file est pleine : les nouveaux appels vont ailleurs.",
    },
    "queue-is-closed": {"en": "The queue is closed.", "es": "La cola está cerrada.", "fr": "La file est fermée."},
    "queue-until": {"en": "Until", "es": "Hasta las", "fr": "Jusqu'à"},
    "queue-mode-keys": {
        "en": "To open it, press 1. Full, so that only who waits is served, press 2. Closed, press 3.",
        "es": "Para abrirla, pulse 1. Llena, para atender solo a quien espera, pulse 2. Cerrada, pulse 3.",
        "fr": "Pour l'ouvrir, appuyez sur 1. Pleine, pour ne servir que ceux qui attendent, 2. Fermée, 3.",
    },
    "queue-mode-hours": {
        "en": "For how many hours? Press 1 to 9, or pound for the rest of the day.",
        "es": "¿Cuántas horas? Pulse de 1 a 9, o numeral para el resto del día.",
        "fr": "Pour combien d'heures ? Appuyez sur une touche de 1 à 9, ou sur dièse pour le reste de la journée.",
    },
    "login-number": {
        "en": "To work at this phone, enter your number, then press pound.",
        "es": "Para trabajar en este teléfono, marque su número y después la tecla numeral.",
        "fr": "Pour travailler à ce téléphone, entrez votre numéro, puis appuyez sur dièse.",
    },
    "login-pin": {
        "en": "Enter your code, then press pound.",
        "es": "Marque su código y después la tecla numeral.",
        "fr": "Entrez votre code, puis appuyez sur dièse.",
    },
    "login-wrong": {"en": "That is not right.", "es": "No es correcto.", "fr": "Ce n'est pas correct."},
    "login-refused": {
        "en": "You cannot be logged in. Ask your supervisor. Goodbye.",
        "es": "No se puede iniciar su sesión. Pregunte a su supervisor. Adiós.",
        "fr": "Vous ne pouvez pas être connecté. Demandez à votre responsable. Au revoir.",
    },
    "login-away": {
        "en": "Codes cannot be checked now. Please try again later, or ask your supervisor to log you in.",
        "es": "Ahora no se pueden comprobar los códigos. Inténtelo más tarde o pregunte a su supervisor.",
        "fr": "Les codes ne peuvent pas être vérifiés. Réessayez plus tard, ou demandez à votre responsable.",
    },
    "agent-moved": {
        "en": "You are logged in at this phone, and no longer at the other one.",
        "es": "Ha iniciado sesión en este teléfono, y ya no en el otro.",
        "fr": "Vous êtes connecté à ce téléphone, et plus à l'autre.",
    },
    "agent-engaged": {
        "en": "You have a call at another phone. End it first, then log in here.",
        "es": "Tiene una llamada en otro teléfono. Termínela primero y después inicie sesión aquí.",
        "fr": "Vous avez un appel à un autre téléphone. Terminez-le d'abord, puis connectez-vous ici.",
    },
    "desk-taken": {
        "en": "Somebody else is logged in at this phone. The login code alone logs them out; then try again.",
        "es": "Otra persona trabaja en este teléfono. El código de inicio solo la desconecta; inténtelo después.",
        "fr": "Un autre travaille à ce téléphone. Le code de connexion seul le déconnecte ; réessayez ensuite.",
    },
}
