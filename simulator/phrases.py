"""What agents and the people they call say. ``{}`` fields are filled in from the call's dynamic variables."""

GREETINGS = (
    "Hi, this is {agent} calling for {company}. Am I speaking with {name}?",
    "Good day {name}, {agent} here from {company}. Is this a good moment?",
    "Hello, is that {name}? This is {agent}, an automated assistant of {company}.",
    "Hi {name}, {agent} from {company}. You asked us for some information, do you have two minutes?",
)
PICKUPS = ("Hello?", "Yes, who's this?", "Hello, speaking.", "Hi.", "Good morning.", "Yeah?")
YES_THIS_IS = (
    "Yes, this is {name}.",
    "Speaking, what's it about?",
    "That's me. Go ahead.",
    "Yes, but I only have a minute.",
)
PITCHES = (
    "Great. We help {audience} cut their {subject}, and I'd love to see whether that fits you.",
    "Thanks. You left your number on our page about {subject}, so I wanted to follow up.",
    "Wonderful. I'm calling about {subject}; many {audience} in your area are looking at it right now.",
)
AUDIENCES = ("homeowners", "small businesses", "dental practices", "restaurants", "property managers")
SUBJECTS = ("energy bills", "phone costs", "insurance premiums", "paperwork", "missed appointments")
QUESTIONS = (
    "May I ask what you use today?",
    "How are you handling that at the moment?",
    "What would have to change for you to look at something new?",
    "Who else would be part of that decision?",
    "Roughly how many people does that concern on your side?",
)
ANSWERS = (
    "We do it all by hand, honestly.",
    "We have a provider, but the price went up again this year.",
    "It's fine, I guess, nobody really complains.",
    "I'd have to talk to my partner about it.",
    "About a dozen of us, maybe more in summer.",
    "We looked at it last year and didn't go ahead.",
)
REACTIONS = (
    "I see, that makes sense.",
    "That's what we hear a lot.",
    "Understood.",
    "Thanks for telling me.",
    "Got it.",
)
INTERESTED = (
    "That sounds interesting, what would it cost?",
    "Okay, I could take a look at that.",
    "Could somebody show me how that works?",
)
NOT_INTERESTED = (
    "I don't think we need that right now.",
    "No, thanks, we're happy with what we have.",
    "It's not for us, but thank you.",
)
OFFER_APPOINTMENT = "I can book you a short call with a colleague. Would {appointment} suit you?"
ACCEPT = ("Yes, that works.", "Sure, put me down for that.", "Alright, let's do that.")
BOOKED = "Perfect, you're booked. You'll get a confirmation in a moment. Thank you, {name}!"
GOODBYES = ("Thanks for your time. Goodbye!", "Thank you, have a great day!", "I appreciate it. Take care!")
USER_GOODBYES = ("Bye.", "Okay, bye bye.", "Thanks, bye.", "You too.")
STOP_CALLING = (
    "Please take me off your list and don't call me again.",
    "Stop calling this number. Remove me from your list.",
    "I've told you people before, do not call me any more.",
)
SORRY = "I'm sorry for the trouble. I've noted it, and you won't be called again. Goodbye."
CALL_LATER = (
    "I'm driving, can you call me back {callback}?",
    "Bad timing, I'm in a meeting. Try me again {callback}.",
    "I'm with a customer, please call back {callback}.",
)
WILL_CALL_LATER = "Of course, I'll call you back {callback}. Talk to you then!"
WANT_PERSON = (
    "I'd rather talk to a real person about that.",
    "Can you put me through to somebody?",
    "That's a question for your experts, can I speak to one?",
)
TRANSFERRING = "Absolutely, I'm putting you through right now. One moment please."
NOBODY_FREE = "I'm sorry, nobody is free right now. A colleague will get back to you today."
MACHINES = (
    "You've reached the voicemail of {name}. Please leave a message after the tone.",
    "Hi, I can't take your call right now. Leave your name and number and I'll get back to you.",
    "The person you are calling is not available. At the tone, please record your message.",
)
VOICEMAIL_MESSAGE = "Hi {name}, this is {agent} from {company}. I'll try you again soon. Have a great day!"
AGENT_NAMES = ("Ava", "Grace", "Jordan", "Riley", "Sam")
